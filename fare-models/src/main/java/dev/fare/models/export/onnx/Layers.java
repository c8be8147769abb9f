package dev.fare.models.export.onnx;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.fare.models.transformer.Activation;
import java.util.List;
import java.util.Map;

/**
 * The layers that towers are made of, added to a graph.
 *
 * @param graph where they go
 * @param tensors the tower's weights by canonical name
 * @param epsilon of every layer normalisation
 */
record Layers(OnnxGraph graph, Map<String, NDArray> tensors, double epsilon) {

  NDArray tensor(String name) {
    NDArray tensor = tensors.get(name);
    if (tensor == null) {
      throw new IllegalArgumentException(
          "tensor '" + name + "' is missing; there are " + tensors.keySet());
    }
    return tensor;
  }

  /** Over the last dimension. */
  String layerNorm(String x, String source, String target) {
    return graph.node(
        "LayerNormalization",
        path(target),
        Map.of("axis", -1L, "epsilon", epsilon),
        x,
        weight(source + ".weight", target + ".weight"),
        weight(source + ".bias", target + ".bias"));
  }

  /** A weight under the name that it has in Hugging Face's model. */
  String weight(String source, String target) {
    return graph.weight(target, tensor(source));
  }

  /** A product with a matrix that is stored as {@code [outputs, inputs]}, plus a bias. */
  String linear(String x, String source, String target) {
    NDArray weight = tensor(source + ".weight");
    Shape transposed = new Shape(weight.getShape().get(1), weight.getShape().get(0));
    String matrix =
        graph.weight(target + ".weight.transposed", weight, transposed, NDArray::transpose);
    return affine(x, target, matrix, weight(source + ".bias", target + ".bias"));
  }

  /** {@code x · matrix + bias} for x of any rank, which optimisers know as one operation. */
  String affine(String x, String target, String matrix, String bias) {
    String product = graph.node("MatMul", path(target), Map.of(), x, matrix);
    return graph.node("Add", path(target), Map.of(), product, bias);
  }

  String activation(String x, String target, Activation activation) {
    return activation == Activation.QUICK_GELU ? quickGelu(x, target) : gelu(x, target);
  }

  private String quickGelu(String x, String target) {
    String scaled = multiply(x, graph.scalar(1.702, DataType.FLOAT32), target);
    return multiply(x, graph.node("Sigmoid", path(target), Map.of(), scaled), target);
  }

  /** The exact form, spelt as exporters of opset 17 do and optimisers look for. */
  String gelu(String x, String target) {
    String root = graph.scalar(Math.sqrt(2), DataType.FLOAT32);
    String scaled = graph.node("Div", path(target), Map.of(), x, root);
    String erf = graph.node("Erf", path(target), Map.of(), scaled);
    String shifted =
        graph.node("Add", path(target), Map.of(), erf, graph.scalar(1, DataType.FLOAT32));
    return multiply(multiply(x, shifted, target), graph.scalar(0.5, DataType.FLOAT32), target);
  }

  private String multiply(String a, String b, String target) {
    return graph.node("Mul", path(target), Map.of(), a, b);
  }

  String transpose(String x, String target, Long... order) {
    return graph.node("Transpose", path(target), Map.of("perm", List.of(order)), x);
  }

  /** To a shape in which 0 keeps a dimension and −1 is what remains. */
  String reshape(String x, String target, long... shape) {
    return graph.node("Reshape", path(target), Map.of(), x, graph.integers(shape));
  }

  /** Rows {@code [from, to)} along the second dimension. */
  String rows(String x, String target, long from, long to) {
    return graph.node(
        "Slice",
        path(target),
        Map.of(),
        x,
        graph.integers(from),
        graph.integers(to),
        graph.integers(1));
  }

  /** Where operations of a module belong: {@code a.b.0.c} is {@code /a/b/0/c}. */
  static String path(String target) {
    return "/" + target.replace('.', '/');
  }
}
