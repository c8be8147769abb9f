/** {@code FareTrainer} and its parts: losses, AdamW, schedules, checkpoints, listeners. */
@NullMarked
package dev.fare.training;

import org.jspecify.annotations.NullMarked;
