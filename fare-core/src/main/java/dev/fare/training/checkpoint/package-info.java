/** Checkpoints on disk: whole or absent, and read only where they are intact. */
@NullMarked
package dev.fare.training.checkpoint;

import org.jspecify.annotations.NullMarked;
