package dev.fare;

import static java.util.Objects.requireNonNull;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import dev.fare.torch.CallGuard;
import dev.fare.torch.GradMode;
import dev.fare.torch.Host;
import dev.fare.torch.RecordedBlock;
import dev.fare.torch.TensorScope;
import dev.fare.torch.TorchDevices;
import dev.fare.torch.TorchEngine;
import java.io.IOException;
import java.lang.ref.Reference;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A model of the caller's own, a DJL block or a TorchScript file, as an encoder or a classifier.
 *
 * <p>The model takes {@code [N,3,H,W]} and returns {@code [N,D]}: an embedding, or logits. If it
 * expects normalised pixels, {@link Builder#normalize} does that inside, so that attacks see pixels
 * in [0,1]. Dropout is off and batch statistics are fixed. Attacks need a model that libtorch can
 * differentiate; black-box attacks don't.
 *
 * <pre>{@code
 * AdaptedModel model = AdaptedModel.builder(Path.of("resnet50.pt")).imageSize(224)
 *     .normalize(new float[] {.485f, .456f, .406f}, new float[] {.229f, .224f, .225f}).build();
 * attack.perturb(Objectives.crossEntropy(model, labels), images);
 * }</pre>
 */
public final class AdaptedModel implements ImageEncoder, Classifier {

  private final String origin;
  private final RecordedBlock block;
  private final @Nullable Model owner;
  private final NDManager manager;
  private final CallGuard guard = new CallGuard("model");
  private final int imageSize;
  private final int outputs;
  private final @Nullable NDArray mean;
  private final @Nullable NDArray deviation;

  private AdaptedModel(Builder builder, RecordedBlock block, NDManager manager) {
    origin = builder.origin();
    this.block = block;
    this.manager = manager;
    owner = builder.model;
    imageSize = builder.imageSize;
    mean = builder.mean == null ? null : Host.bring(manager, builder.mean, new Shape(1, 3, 1, 1));
    deviation =
        builder.deviation == null
            ? null
            : Host.bring(manager, builder.deviation, new Shape(1, 3, 1, 1));
    outputs = countOutputs();
  }

  /**
   * Adapts a TorchScript file. It holds code, which runs: load only what you trust.
   *
   * @param file as {@code torch.jit.save} writes it
   */
  public static Builder builder(Path file) {
    return new Builder(file, null, null);
  }

  /**
   * Adapts a DJL model, which the caller closes after this.
   *
   * @param model loaded
   */
  public static Builder builder(Model model) {
    return new Builder(null, model.getBlock(), model);
  }

  /**
   * Adapts a DJL block, whose parameters the caller frees after closing this.
   *
   * @param block initialised
   */
  public static Builder builder(Block block) {
    return new Builder(null, block, null);
  }

  private int countOutputs() {
    try (GradMode off = GradMode.noGrad();
        TensorScope scope = TensorScope.of(manager)) {
      NDArray black = scope.manager().zeros(new Shape(1, 3, imageSize, imageSize));
      Shape shape = run(black).getShape();
      if (shape.dimension() != 2 || shape.get(0) != 1) {
        throw new IllegalArgumentException(
            "the model must turn [N,3,H,W] into [N,D], but turned "
                + black.getShape()
                + " into "
                + shape
                + "; wrap it so that it returns one embedding or one row of logits per image");
      }
      return Math.toIntExact(shape.get(1));
    }
  }

  private NDArray run(NDArray pixels) {
    TorchDevices.checkSame(device(), List.of(pixels));
    try (CallGuard.Call call = guard.enter()) {
      if (mean == null || deviation == null) {
        return block.forward(pixels);
      }
      try (NDArray centered = pixels.sub(mean)) {
        // what the block is given stays open: a backward pass of its own may read it again
        return block.forward(centered.div(deviation));
      }
    } finally {
      // a DJL model frees its block when it becomes unreachable
      Reference.reachabilityFence(owner);
    }
  }

  @Override
  public NDArray embed(NDArray pixels) {
    return run(pixels);
  }

  @Override
  public NDArray logits(NDArray pixels) {
    return run(pixels);
  }

  /** The length of an embedding, or the number of classes. */
  @Override
  public int embeddingSize() {
    return outputs;
  }

  @Override
  public int imageSize() {
    return imageSize;
  }

  /** The device that the model runs on. */
  @Override
  public Device device() {
    return manager.getDevice();
  }

  @Override
  public String toString() {
    return "AdaptedModel[%s, %d x %d pixels to %d numbers, %s]"
        .formatted(origin, imageSize, imageSize, outputs, device());
  }

  @Override
  public void close() {
    guard.close(
        () -> {
          block.close();
          manager.close();
        });
  }

  /** Settings of an {@link AdaptedModel}. */
  public static final class Builder {

    private final @Nullable Path file;
    private final @Nullable Block block;
    private final @Nullable Model model;
    private int imageSize = 224;
    private @Nullable Device device;
    private float @Nullable [] mean;
    private float @Nullable [] deviation;

    private Builder(@Nullable Path file, @Nullable Block block, @Nullable Model model) {
      this.file = file;
      this.block = block;
      this.model = model;
    }

    /** Height and width in pixels that the model is tried with, at least 1; 224 by default. */
    public Builder imageSize(int imageSize) {
      if (imageSize < 1) {
        throw new IllegalArgumentException("imageSize must be at least 1, got " + imageSize);
      }
      this.imageSize = imageSize;
      return this;
    }

    /**
     * Where a file's model runs, by default a GPU where there is one. A DJL model or block runs
     * where its parameters are.
     */
    public Builder device(Device device) {
      this.device = requireNonNull(device, "device");
      return this;
    }

    /**
     * What the model expects to be subtracted from pixels in [0,1], and divided by.
     *
     * @param mean one value for each of the three channels
     * @param deviation one positive value for each
     */
    public Builder normalize(float[] mean, float[] deviation) {
      if (mean.length != 3 || deviation.length != 3) {
        throw new IllegalArgumentException(
            "mean and deviation must have three values each, got "
                + mean.length
                + " and "
                + deviation.length);
      }
      for (float value : deviation) {
        if (!(value > 0)) {
          throw new IllegalArgumentException("deviations must be positive, got " + value);
        }
      }
      this.mean = mean.clone();
      this.deviation = deviation.clone();
      return this;
    }

    private String origin() {
      if (file != null) {
        return file.toString();
      }
      return model == null ? requireNonNull(block).getClass().getSimpleName() : model.getName();
    }

    /**
     * Loads the model and tries it on a black image.
     *
     * @throws IOException if the file can't be read
     * @throws IllegalArgumentException if it is no TorchScript, or gives another shape than {@code
     *     [N,D]}, or a DJL block's parameters are on another device than the one that was named
     */
    public AdaptedModel build() throws IOException {
      RecordedBlock loaded =
          file == null
              ? RecordedBlock.of(requireNonNull(block), device)
              : RecordedBlock.load(file, TorchDevices.orDefault(device));
      NDManager manager = TorchEngine.get().newBaseManager(loaded.device());
      try {
        return new AdaptedModel(this, loaded, manager);
      } catch (RuntimeException e) {
        loaded.close();
        manager.close();
        throw e;
      }
    }
  }
}
