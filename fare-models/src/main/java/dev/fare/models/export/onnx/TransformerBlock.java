package dev.fare.models.export.onnx;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import dev.fare.models.transformer.Activation;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The residual attention block that CLIP's two towers share, added to a graph.
 *
 * @param layers the graph and the weights
 * @param width length of a token
 * @param heads number of attention heads
 * @param activation of the MLP
 */
record TransformerBlock(Layers layers, int width, int heads, Activation activation) {

  /**
   * All tokens to all tokens.
   *
   * @param x {@code [N, T, C]}
   * @param source the block's canonical name
   * @param target its name in Hugging Face's model
   * @param mask what is added to the scores {@code [N, heads, T, T]}
   * @return {@code [N, T, C]}
   */
  String add(String x, String source, String target, Optional<String> mask) {
    String normed = layers.layerNorm(x, source + ".ln_1", target + ".layer_norm1");
    String attention = target + ".self_attn";
    String qkv = project(normed, source, attention + ".qkv_proj", 0, 3);
    List<String> split =
        layers.graph().nodes("Split", Layers.path(attention), 3, Map.of("axis", -1L), qkv);
    return finish(x, split.get(0), split.get(1), split.get(2), mask, source, target);
  }

  /**
   * The same for the first token alone, for a graph in which nobody reads the others.
   *
   * @param x {@code [N, T, C]}
   * @return {@code [N, 1, C]}
   */
  String addOfFirst(String x, String source, String target) {
    String normed = layers.layerNorm(x, source + ".ln_1", target + ".layer_norm1");
    String attention = target + ".self_attn";
    String first = layers.rows(normed, attention, 0, 1);
    String q = project(first, source, attention + ".q_proj", 0, 1);
    String kv = project(normed, source, attention + ".kv_proj", 1, 3);
    List<String> split =
        layers.graph().nodes("Split", Layers.path(attention), 2, Map.of("axis", -1L), kv);
    return finish(
        layers.rows(x, target, 0, 1),
        q,
        split.get(0),
        split.get(1),
        Optional.empty(),
        source,
        target);
  }

  private String finish(
      String x, String q, String k, String v, Optional<String> mask, String source, String target) {
    OnnxGraph graph = layers.graph();
    String attention = target + ".self_attn";
    String path = Layers.path(attention);
    String scores =
        graph.node(
            "MatMul",
            path,
            Map.of(),
            heads(q, attention, 0L, 2L, 1L, 3L), // [N, heads, Q, d]
            heads(k, attention, 0L, 2L, 3L, 1L)); // [N, heads, d, T]
    if (mask.isPresent()) {
      scores = graph.node("Add", path, Map.of(), scores, mask.get());
    }
    String weights = graph.node("Softmax", path, Map.of("axis", -1L), scores);
    String mixed =
        graph.node("MatMul", path, Map.of(), weights, heads(v, attention, 0L, 2L, 1L, 3L));
    String joined =
        layers.reshape(layers.transpose(mixed, attention, 0L, 2L, 1L, 3L), attention, 0, 0, width);
    String projected = layers.linear(joined, source + ".attn.out_proj", attention + ".out_proj");
    String y = graph.node("Add", Layers.path(target), Map.of(), x, projected);

    String normed = layers.layerNorm(y, source + ".ln_2", target + ".layer_norm2");
    String inner = layers.linear(normed, source + ".mlp.c_fc", target + ".mlp.fc1");
    String active = layers.activation(inner, target + ".mlp.activation_fn", activation);
    String outer = layers.linear(active, source + ".mlp.c_proj", target + ".mlp.fc2");
    return graph.node("Add", Layers.path(target), Map.of(), y, outer);
  }

  /** {@code [N, T, C] -> [N, T, heads, C / heads]}, then in another order. */
  private String heads(String x, String attention, Long... order) {
    String split = layers.reshape(x, attention, 0, 0, heads, width / heads);
    return layers.transpose(split, attention, order);
  }

  /**
   * Some of the projections to queries, keys and values, in one product; the scores' scale is in
   * those of the queries.
   */
  private String project(String x, String source, String target, int from, int to) {
    OnnxGraph graph = layers.graph();
    NDArray weight = layers.tensor(source + ".attn.in_proj_weight");
    NDArray bias = layers.tensor(source + ".attn.in_proj_bias");
    long columns = (long) (to - from) * width;
    String matrix =
        graph.weight(
            target + ".weight.transposed",
            weight,
            new Shape(width, columns),
            w -> part(w, from, to).transpose());
    String shift = graph.weight(target + ".bias", bias, new Shape(columns), b -> part(b, from, to));
    return layers.affine(x, target, matrix, shift);
  }

  private NDArray part(NDArray stacked, int from, int to) {
    NDArray part = stacked.get(new NDIndex().addSliceDim((long) from * width, (long) to * width));
    if (from > 0) {
      return part;
    }
    NDArray q =
        part.get(new NDIndex().addSliceDim(0, width)).mul(1 / Math.sqrt((double) width / heads));
    return to == 1 ? q : q.concat(part.get(new NDIndex().addSliceDim(width, (long) to * width)), 0);
  }
}
