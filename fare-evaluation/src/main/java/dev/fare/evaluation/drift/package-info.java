/** How far an attack moves an embedding. */
@NullMarked
package dev.fare.evaluation.drift;

import org.jspecify.annotations.NullMarked;
