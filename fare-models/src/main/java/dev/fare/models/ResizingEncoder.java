package dev.fare.models;

import static java.util.Objects.requireNonNull;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.fare.ImageEncoder;
import dev.fare.ThreatModel;
import dev.fare.torch.Autograd;
import dev.fare.torch.TorchModule;
import dev.fare.torch.TorchSource;
import java.util.Map;

/**
 * An encoder of images of any size, with CLIP's resizing inside, so that small images are attacked
 * at their own resolution.
 *
 * <p>The resizing is Pillow's antialiased bicubic of the shorter side and a centre crop, as {@code
 * ClipPreprocessing.openClip} does it, without the rounding to bytes: differentiable with respect
 * to the pixels, except where an overshoot is clipped to [0,1] and the gradient is zero. Safe for
 * use from many threads. The encoder inside stays its owner's.
 */
public final class ResizingEncoder implements ImageEncoder {

  private static final TorchSource SOURCE =
      TorchSource.resource(ResizingEncoder.class, "antialiased_resize.py");

  private final ImageEncoder encoder;
  private final int imageSize;
  private final TorchModule module;

  /**
   * Puts the resizing before an encoder.
   *
   * @param encoder of images of its own {@link #imageSize}; closed by its owner, not by this one
   * @param imageSize height and width of the images to come, say 32 for CIFAR-10: what {@link
   *     #imageSize} tells a data set; images of another size or shape are resized just the same
   */
  public ResizingEncoder(ImageEncoder encoder, int imageSize) {
    this.encoder = requireNonNull(encoder, "encoder");
    if (imageSize < 1) {
      throw new IllegalArgumentException("imageSize must be at least 1 pixel, got " + imageSize);
    }
    this.imageSize = imageSize;
    module =
        TorchModule.compile(
            SOURCE, "AntialiasedResize", Map.of("size", encoder.imageSize()), Device.cpu());
  }

  /**
   * Embeds images of any size.
   *
   * @param pixels {@code [N,3,H,W]} float32 in [0,1]
   * @return {@code [N,D]} float32, not normalised, owned by the manager of {@code pixels}
   */
  @Override
  public NDArray embed(NDArray pixels) {
    return encoder.embed(resize(pixels));
  }

  /**
   * What the encoder inside sees.
   *
   * @param pixels {@code [N,3,H,W]} float32 in [0,1]
   * @return {@code [N,3,S,S]} float32 in [0,1] with the encoder's image size S
   */
  public NDArray resize(NDArray pixels) {
    Shape shape = pixels.getShape();
    if (shape.dimension() != 4 || shape.get(1) != 3 || pixels.getDataType() != DataType.FLOAT32) {
      throw new IllegalArgumentException(
          "pixels must be [N,3,H,W] float32 in [0,1], got " + shape + " " + pixels.getDataType());
    }
    if (!Autograd.isRecorded(pixels)) {
      ThreatModel.checkPixels(pixels); // clipping would hide another range
    }
    return module.call("resize", pixels);
  }

  @Override
  public int embeddingSize() {
    return encoder.embeddingSize();
  }

  @Override
  public int imageSize() {
    return imageSize;
  }

  /** The device of the encoder inside. */
  @Override
  public Device device() {
    return encoder.device();
  }

  @Override
  public void close() {
    module.close();
  }
}
