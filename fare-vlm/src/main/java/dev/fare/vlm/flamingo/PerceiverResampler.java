package dev.fare.vlm.flamingo;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.io.LazyTensor;
import dev.fare.torch.TorchModule;
import dev.fare.torch.TorchSource;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Flamingo's Perceiver resampler (Alayrac et al., 2022): a fixed number of visual tokens of
 * whatever an encoder sees; the mathematics is perceiver_resampler.py.
 *
 * <p>Differentiable to the tokens, unlike OpenFlamingo's own pipeline, which cuts the gradient at
 * the encoder. Safe for use from many threads; nobody may use it after {@link #close}.
 */
public final class PerceiverResampler implements AutoCloseable {

  /** OpenFlamingo's size of a head. */
  public static final int HEAD_SIZE = 64;

  private static final TorchSource SOURCE =
      TorchSource.resource(PerceiverResampler.class, "perceiver_resampler.py");

  private static final double EPSILON = 1e-5;

  private final NDManager manager;
  private final TorchModule module;
  private final long width;
  private final long frames;
  private final long times;

  private PerceiverResampler(FlamingoWeights weights, int headSize, NDManager manager)
      throws IOException {
    this.manager = manager;
    width = weights.size("latents", 2, 1);
    boolean hasFrames = weights.has("frame_embs");
    boolean hasTimes = weights.has("media_time_embs");
    frames = hasFrames ? weights.size("frame_embs", 2, 0) : Long.MAX_VALUE;
    times = hasTimes ? weights.size("media_time_embs", 3, 0) : Long.MAX_VALUE;
    int layers = 0;
    while (weights.has("layers." + layers + ".0.to_q.weight")) {
      layers++;
    }
    int heads = weights.heads("layers.0.0.to_q.weight", headSize);
    Map<String, Object> attributes =
        Map.of(
            "layers", layers,
            "heads", heads,
            "has_frames", hasFrames,
            "has_times", hasTimes,
            "epsilon", EPSILON);
    Map<String, Shape> expected = expected(weights, layers, (long) heads * headSize);
    module =
        TorchModule.compile(SOURCE, "PerceiverResampler", attributes, manager.getDevice())
            .bind(weights.read(expected, manager));
  }

  private Map<String, Shape> expected(FlamingoWeights weights, int layers, long inner)
      throws IOException {
    Map<String, Shape> expected = new LinkedHashMap<>();
    expected.put("latents", new Shape(weights.size("latents", 2, 0), width));
    for (int i = 0; i < layers; i++) {
      String attention = "layers." + i + ".0.";
      norm(expected, attention + "norm_media");
      norm(expected, attention + "norm_latents");
      expected.put(attention + "to_q.weight", new Shape(inner, width));
      expected.put(attention + "to_kv.weight", new Shape(2 * inner, width));
      expected.put(attention + "to_out.weight", new Shape(width, inner));
      String mlp = "layers." + i + ".1.";
      long mlpWidth = weights.size(mlp + "1.weight", 2, 0);
      norm(expected, mlp + "0");
      expected.put(mlp + "1.weight", new Shape(mlpWidth, width));
      expected.put(mlp + "3.weight", new Shape(width, mlpWidth));
    }
    norm(expected, "norm");
    if (frames < Long.MAX_VALUE) {
      expected.put("frame_embs", new Shape(frames, width));
    }
    if (times < Long.MAX_VALUE) {
      expected.put("media_time_embs", new Shape(times, 1, width));
    }
    return expected;
  }

  private void norm(Map<String, Shape> expected, String name) {
    expected.put(name + ".weight", new Shape(width));
    expected.put(name + ".bias", new Shape(width));
  }

  /**
   * Reads a resampler among the tensors of a file, such as an OpenFlamingo's.
   *
   * @param prefix what stands before its names: {@code perceiver.}
   * @param headSize {@link #HEAD_SIZE} in published models
   * @throws dev.fare.io.ModelFormatException if a tensor is missing or has another shape
   */
  public static PerceiverResampler read(
      Map<String, LazyTensor> tensors, String prefix, int headSize, Device device)
      throws IOException {
    NDManager manager = NDManager.newBaseManager(device, "PyTorch");
    try {
      return new PerceiverResampler(new FlamingoWeights(tensors, prefix), headSize, manager);
    } catch (IOException | RuntimeException e) {
      manager.close();
      throw e;
    }
  }

  /**
   * Resamples tokens.
   *
   * @param tokens {@code [B, images, frames, T, C]}; an image is a film of one frame
   * @return {@code [B, images, L, C]}, owned by the manager of the tokens
   * @throws IllegalArgumentException if the shape is another one, or there are more images or
   *     frames than this was made for
   */
  public NDArray resample(NDArray tokens) {
    Shape shape = tokens.getShape();
    if (shape.dimension() != 5
        || shape.get(4) != width
        || shape.get(2) > frames
        || shape.get(1) > times) {
      throw new IllegalArgumentException(
          "tokens must be [B, images, frames, T, "
              + width
              + "]"
              + (frames < Long.MAX_VALUE ? " with up to " + frames + " frames" : "")
              + (times < Long.MAX_VALUE ? " with up to " + times + " images" : "")
              + ", got "
              + shape);
    }
    return module.call("resample", tokens);
  }

  @Override
  public void close() {
    module.close();
    manager.close();
  }
}
