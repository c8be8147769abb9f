/** Arithmetic over lists of weights: updates, lengths of gradients, averages and copies. */
@NullMarked
package dev.fare.training.weights;

import org.jspecify.annotations.NullMarked;
