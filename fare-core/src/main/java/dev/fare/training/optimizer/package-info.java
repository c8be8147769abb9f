/** What turns a gradient into new weights: optimizers, learning-rate schedules, weight averages. */
@NullMarked
package dev.fare.training.optimizer;

import org.jspecify.annotations.NullMarked;
