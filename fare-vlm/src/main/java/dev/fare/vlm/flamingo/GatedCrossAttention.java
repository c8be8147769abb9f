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
 * Flamingo's gated cross-attention block (Alayrac et al., 2022), which lets the words of a language
 * model look at images; the mathematics is gated_cross_attention.py.
 *
 * <p>Words are {@code [B,T,C]}, media {@code [B, images, L, D]} as a {@link PerceiverResampler}
 * gives them; results belong to the manager of the words and are differentiable to both. Safe for
 * use from many threads; nobody may use it after {@link #close}.
 */
public final class GatedCrossAttention implements AutoCloseable {

  private static final TorchSource SOURCE =
      TorchSource.resource(GatedCrossAttention.class, "gated_cross_attention.py");

  private static final double EPSILON = 1e-5;

  private final NDManager manager;
  private final TorchModule module;
  private final long width;
  private final long mediaWidth;

  private GatedCrossAttention(
      FlamingoWeights weights, int headSize, MediaAttention attention, NDManager manager)
      throws IOException {
    this.manager = manager;
    width = weights.size("attn.to_q.weight", 2, 1);
    mediaWidth = weights.size("attn.to_kv.weight", 2, 1);
    int heads = weights.heads("attn.to_q.weight", headSize);
    Map<String, Object> attributes =
        Map.of(
            "heads", heads, "immediate", attention == MediaAttention.IMMEDIATE, "epsilon", EPSILON);
    Map<String, Shape> expected = expected(weights, (long) heads * headSize);
    module =
        TorchModule.compile(SOURCE, "GatedCrossAttention", attributes, manager.getDevice())
            .bind(weights.read(expected, manager));
  }

  private Map<String, Shape> expected(FlamingoWeights weights, long inner) throws IOException {
    long mlpWidth = weights.size("ff.1.weight", 2, 0);
    Map<String, Shape> expected = new LinkedHashMap<>();
    expected.put("attn_gate", new Shape(1));
    expected.put("ff_gate", new Shape(1));
    expected.put("attn.norm.weight", new Shape(width));
    expected.put("attn.norm.bias", new Shape(width));
    expected.put("attn.to_q.weight", new Shape(inner, width));
    expected.put("attn.to_kv.weight", new Shape(2 * inner, mediaWidth));
    expected.put("attn.to_out.weight", new Shape(width, inner));
    expected.put("ff.0.weight", new Shape(width));
    expected.put("ff.0.bias", new Shape(width));
    expected.put("ff.1.weight", new Shape(mlpWidth, width));
    expected.put("ff.3.weight", new Shape(width, mlpWidth));
    return expected;
  }

  /**
   * Reads a block among the tensors of a file, such as an OpenFlamingo's.
   *
   * @param prefix what stands before its names: {@code lang_encoder.gated_cross_attn_layers.0.}
   * @param headSize {@link PerceiverResampler#HEAD_SIZE} in published models
   * @param attention which images a word looks at
   * @throws dev.fare.io.ModelFormatException if a tensor is missing or has another shape
   */
  public static GatedCrossAttention read(
      Map<String, LazyTensor> tensors,
      String prefix,
      int headSize,
      MediaAttention attention,
      Device device)
      throws IOException {
    NDManager manager = NDManager.newBaseManager(device, "PyTorch");
    try {
      FlamingoWeights weights = new FlamingoWeights(tensors, prefix);
      return new GatedCrossAttention(weights, headSize, attention, manager);
    } catch (IOException | RuntimeException e) {
      manager.close();
      throw e;
    }
  }

  /** Lets every word look at every image. */
  public NDArray forward(NDArray words, NDArray media) {
    check(words, media);
    return module.call("forward_unmasked", words, media);
  }

  /**
   * Lets words look at the images before them.
   *
   * @param locations {@code [B,T]}: true, or 1, where an image stands among the words
   */
  public NDArray forward(NDArray words, NDArray media, NDArray locations) {
    check(words, media);
    Shape wanted = new Shape(words.getShape().get(0), words.getShape().get(1));
    if (!locations.getShape().equals(wanted)) {
      throw new IllegalArgumentException(
          "locations must be " + wanted + " as the words, got " + locations.getShape());
    }
    return module.call("forward_masked", words, media, locations);
  }

  /**
   * Goes on after a text: further words look at its images.
   *
   * @param words only the further ones
   * @param locations where the images stood in the text before, {@code [B,T']}
   */
  public NDArray goOn(NDArray words, NDArray media, NDArray locations) {
    check(words, media);
    return module.call("go_on", words, media, locations);
  }

  private void check(NDArray words, NDArray media) {
    if (words.getShape().dimension() != 3
        || words.getShape().get(2) != width
        || media.getShape().dimension() != 4
        || media.getShape().get(3) != mediaWidth
        || media.getShape().get(0) != words.getShape().get(0)) {
      throw new IllegalArgumentException(
          "words must be [B,T,"
              + width
              + "] and media [B,images,L,"
              + mediaWidth
              + "], got "
              + words.getShape()
              + " and "
              + media.getShape());
    }
  }

  @Override
  public void close() {
    module.close();
    manager.close();
  }
}
