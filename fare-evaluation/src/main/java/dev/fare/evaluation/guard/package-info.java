/** Detection of attacked images at the input. */
@NullMarked
package dev.fare.evaluation.guard;

import org.jspecify.annotations.NullMarked;
