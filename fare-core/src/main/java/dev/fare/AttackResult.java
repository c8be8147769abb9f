package dev.fare;

import static java.util.Objects.requireNonNull;

import ai.djl.ndarray.NDArray;

/**
 * What an attack found for each image of a batch.
 *
 * <p>The arrays belong to the manager of the attacked pixels and live until {@link #close} or until
 * that manager closes.
 */
public final class AttackResult implements AutoCloseable {

  private final NDArray images;
  private final NDArray highestLossImages;
  private final NDArray losses;
  private final NDArray succeeded;

  /**
   * Puts a result together.
   *
   * @param images {@code [N,C,H,W]}: the successful image where there is one, else the one of
   *     highest loss
   * @param highestLossImages {@code [N,C,H,W]}; may be the same array as {@code images}
   * @param losses {@code [N]}, of {@code highestLossImages}
   * @param succeeded {@code [N]} boolean
   */
  public AttackResult(
      NDArray images, NDArray highestLossImages, NDArray losses, NDArray succeeded) {
    this.images = requireNonNull(images, "images");
    this.highestLossImages = requireNonNull(highestLossImages, "highestLossImages");
    this.losses = requireNonNull(losses, "losses");
    this.succeeded = requireNonNull(succeeded, "succeeded");
  }

  /** The successful image where there is one, else the one of highest loss, {@code [N,C,H,W]}. */
  public NDArray images() {
    return images;
  }

  /** The image of highest loss, whether it succeeded or not, {@code [N,C,H,W]}. */
  public NDArray highestLossImages() {
    return highestLossImages;
  }

  /** The losses of {@link #highestLossImages}, {@code [N]}. */
  public NDArray losses() {
    return losses;
  }

  /** Which images the attack has won, {@code [N]} boolean. */
  public NDArray succeeded() {
    return succeeded;
  }

  /** Frees the arrays. */
  @Override
  public void close() {
    images.close();
    highestLossImages.close();
    losses.close();
    succeeded.close();
  }
}
