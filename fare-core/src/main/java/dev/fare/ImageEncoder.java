package dev.fare;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import dev.fare.torch.TorchEngine;

/**
 * Something that sees: pixels in, embedding out.
 *
 * <p>Normalisation by mean and standard deviation is inside, so that ε is always in pixel space.
 * Implementations are differentiable with respect to the pixels and safe for use from many threads.
 */
public interface ImageEncoder extends AutoCloseable {

  /**
   * Embeds a batch of images.
   *
   * @param pixels {@code [N,3,H,W]} float32 in [0,1], on this encoder's device
   * @return {@code [N,D]} float32, not normalised, owned by the manager of {@code pixels}; recorded
   *     for autograd where the calling thread records and the pixels require a gradient
   */
  NDArray embed(NDArray pixels);

  /** The length D of an embedding. */
  int embeddingSize();

  /** The height and width in pixels that the encoder was made for. */
  int imageSize();

  /**
   * Where its weights lie, and where pixels must: the engine's default device unless an encoder
   * says otherwise.
   */
  default Device device() {
    return TorchEngine.get().defaultDevice();
  }

  /**
   * Releases native memory. What this library gives waits for the calls that are going on in other
   * threads; later ones throw an {@link IllegalStateException}.
   */
  @Override
  void close();
}
