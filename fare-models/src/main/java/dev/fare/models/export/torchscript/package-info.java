/** Writes models as TorchScript that runs wherever libtorch does. */
@NullMarked
package dev.fare.models.export.torchscript;

import org.jspecify.annotations.NullMarked;
