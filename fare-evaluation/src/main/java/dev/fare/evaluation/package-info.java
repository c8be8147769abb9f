/** How robust a model really is: accuracy clean and under attack, with intervals and pictures. */
@NullMarked
package dev.fare.evaluation;

import org.jspecify.annotations.NullMarked;
