/** PyTorch's archives, read by an unpickler that knows tensors and nothing else. */
@NullMarked
package dev.fare.models.format.pickle;

import org.jspecify.annotations.NullMarked;
