/** Vision towers: one architecture a TorchScript source beside a small Java class. */
@NullMarked
package dev.fare.models.vision;

import org.jspecify.annotations.NullMarked;
