package dev.fare.models.export.onnx;

import static java.util.Objects.requireNonNull;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import java.util.Map;

/**
 * LLaVA's projector, two linear layers with an exact GELU between, under the names of Hugging
 * Face's model.
 *
 * @param tensors {@code multi_modal_projector.linear_1.weight} and the other three
 * @param inputs length of a token of the vision tower
 * @param outputs length of a token of the language model
 */
record ProjectorLayers(Map<String, NDArray> tensors, int inputs, int outputs) {

  private static final String TARGET = "multi_modal_projector.linear_";

  /** Hugging Face's two layers, and the original's positions in a sequence. */
  private static final List<List<String>> LAYERS =
      List.of(List.of("linear_1", "linear_2"), List.of("mm_projector.0", "mm_projector.2"));

  /**
   * Finds the projector among the tensors of a LLaVA.
   *
   * @param weights with the names of any generation; what belongs to other parts is not looked at
   * @throws IllegalArgumentException if a tensor is missing, there twice, or of a shape that does
   *     not fit
   */
  static ProjectorLayers find(Map<String, NDArray> weights, int width) {
    NDArray weight1 = find(weights, 0, "weight");
    NDArray bias1 = find(weights, 0, "bias");
    NDArray weight2 = find(weights, 1, "weight");
    NDArray bias2 = find(weights, 1, "bias");
    Shape first = weight1.getShape();
    Shape second = weight2.getShape();
    if (first.dimension() != 2
        || second.dimension() != 2
        || first.get(1) != width
        || second.get(1) != first.get(0)
        || !bias1.getShape().equals(new Shape(first.get(0)))
        || !bias2.getShape().equals(new Shape(second.get(0)))) {
      throw new IllegalArgumentException(
          "the projector must take the tower's tokens of length "
              + width
              + " through [M,"
              + width
              + "] and [K,M] with biases [M] and [K], got "
              + first
              + " and "
              + second);
    }
    Map<String, NDArray> tensors =
        Map.of(
            TARGET + "1.weight", weight1,
            TARGET + "1.bias", bias1,
            TARGET + "2.weight", weight2,
            TARGET + "2.bias", bias2);
    return new ProjectorLayers(tensors, width, Math.toIntExact(second.get(0)));
  }

  private static NDArray find(Map<String, NDArray> weights, int layer, String kind) {
    List<String> found = weights.keySet().stream().filter(name -> isOf(name, layer, kind)).toList();
    if (found.size() != 1) {
      throw new IllegalArgumentException(
          "there must be one tensor multi_modal_projector."
              + LAYERS.get(0).get(layer)
              + "."
              + kind
              + " or "
              + LAYERS.get(1).get(layer)
              + "."
              + kind
              + ", got "
              + (found.isEmpty() ? weights.keySet() : found));
    }
    return requireNonNull(weights.get(found.get(0)));
  }

  private static boolean isOf(String name, int layer, String kind) {
    return LAYERS.stream()
        .map(names -> names.get(layer) + "." + kind)
        .anyMatch(end -> name.equals(end) || name.endsWith("." + end));
  }

  /** {@code [N, T, inputs] -> [N, T, outputs]}. */
  String project(String tokens, OnnxGraph graph) {
    Layers layers = new Layers(graph, tensors, Double.NaN);
    String inner = layers.linear(tokens, TARGET + "1", TARGET + "1");
    String active = layers.gelu(inner, "multi_modal_projector.act");
    return layers.linear(active, TARGET + "2", TARGET + "2");
  }
}
