/**
 * Listeners that show a run's numbers or write them down: a progress bar, CSV, JSON lines,
 * TensorBoard.
 */
@NullMarked
package dev.fare.training.metrics;

import org.jspecify.annotations.NullMarked;
