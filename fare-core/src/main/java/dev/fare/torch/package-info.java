/**
 * The engine: TorchScript source text compiled in process, functional autograd, tensor scopes.
 *
 * <p>This is the only package that touches DJL's PyTorch classes. Everything else speaks {@link
 * ai.djl.ndarray.NDArray} and calls {@link dev.fare.torch.TorchModule}, {@link
 * dev.fare.torch.Autograd} and {@link dev.fare.torch.TensorScope}.
 */
@NullMarked
package dev.fare.torch;

import org.jspecify.annotations.NullMarked;
