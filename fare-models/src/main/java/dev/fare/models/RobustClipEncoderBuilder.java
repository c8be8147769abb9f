package dev.fare.models;

import static java.util.Objects.requireNonNull;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.engine.StandardCapabilities;
import dev.fare.Precision;
import dev.fare.models.format.ClipCheckpoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** How to load a {@link RobustClipEncoder}; one for each load. */
public final class RobustClipEncoderBuilder {

  private static final int LARGEST_IMAGE = 8192;

  /** Where the weights are; read when {@link #load} is called. */
  @FunctionalInterface
  interface Source {
    ClipCheckpoint read() throws IOException;
  }

  private final Source source;
  private @Nullable Device device;
  private Precision precision = Precision.FLOAT32;
  private OptionalInt imageSize = OptionalInt.empty();
  private boolean lowLatency;

  private RobustClipEncoderBuilder(Source source) {
    this.source = source;
  }

  static RobustClipEncoderBuilder of(Path path) {
    requireNonNull(path, "path");
    return new RobustClipEncoderBuilder(() -> ClipCheckpoints.read(path));
  }

  static RobustClipEncoderBuilder of(ClipCheckpoint checkpoint) {
    requireNonNull(checkpoint, "checkpoint");
    return new RobustClipEncoderBuilder(() -> checkpoint);
  }

  /** Where the weights go; by default a GPU where there is one. */
  public RobustClipEncoderBuilder device(Device value) {
    device = requireNonNull(value, "device");
    return this;
  }

  /**
   * The arithmetic of the layers, FLOAT32 by default. AUTO takes BFLOAT16 on GPUs from compute
   * capability 8.0 and on CPUs with AMX or AVX-512's bfloat16 products, FLOAT32 elsewhere; {@link
   * RobustClipEncoder#precision} says which.
   */
  public RobustClipEncoderBuilder precision(Precision value) {
    precision = requireNonNull(value, "precision");
    return this;
  }

  /**
   * Height and width of the images, by default what the weights were trained for. For another size
   * a vision transformer's position table is interpolated as open_clip does it: bicubic with
   * antialiasing. Hugging Face's {@code interpolate_pos_encoding} has another filter and gives
   * other embeddings.
   *
   * @param pixels at least one patch
   * @throws IllegalArgumentException if it is not between 1 and 8192
   */
  public RobustClipEncoderBuilder imageSize(int pixels) {
    if (pixels < 1 || pixels > LARGEST_IMAGE) {
      throw new IllegalArgumentException(
          "imageSize must be between 1 and " + LARGEST_IMAGE + " pixels, got " + pixels);
    }
    imageSize = OptionalInt.of(pixels);
    return this;
  }

  /**
   * Whether to keep a second copy of a vision transformer's matrices, in the order in which a CPU
   * multiplies them fastest where there are few tokens: for servers that embed a picture or two at
   * a time in float32. Off by default: it doubles the memory of the weights and takes a fraction of
   * a second at the start. Embeddings agree with the others to rounding. On GPUs, in half precision
   * and for a ConvNeXt it changes nothing.
   */
  public RobustClipEncoderBuilder lowLatency(boolean value) {
    lowLatency = value;
    return this;
  }

  /**
   * Loads the encoder.
   *
   * @throws IOException if the weights can't be read, or can't be used: the message names file and
   *     tensor
   * @throws IllegalArgumentException if the architecture can't take images of the size, or there is
   *     no such GPU
   */
  public RobustClipEncoder load() throws IOException {
    Device target = target();
    ClipCheckpoint checkpoint = source.read();
    if (imageSize.isPresent()) {
      checkpoint = Resolution.change(checkpoint, imageSize.getAsInt());
    }
    Precision chosen = PrecisionChoice.of(precision, target);
    return RobustClipEncoder.of(checkpoint, target, chosen, lowLatency);
  }

  private Device target() {
    Engine engine = Engine.getEngine("PyTorch");
    if (device == null) {
      return engine.defaultDevice();
    }
    if (device.isGpu()) {
      int gpus = engine.hasCapability(StandardCapabilities.CUDA) ? engine.getGpuCount() : 0;
      if (device.getDeviceId() >= gpus) {
        throw new IllegalArgumentException(
            "device must be the CPU or one of "
                + gpus
                + " GPUs that libtorch can use here, got "
                + device
                + "; a GPU needs its driver and DJL's CUDA build of libtorch");
      }
    }
    return device;
  }
}
