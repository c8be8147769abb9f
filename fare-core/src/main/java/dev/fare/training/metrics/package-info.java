/** Listeners that write a run's numbers down: JSON lines, CSV, TensorBoard. */
@NullMarked
package dev.fare.training.metrics;

import org.jspecify.annotations.NullMarked;
