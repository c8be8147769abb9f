package dev.fare.models.export.onnx;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dev.fare.models.vision.ConvNextConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** ConvNeXt as a graph, with the names of open_clip and timm. */
final class ConvNextGraph implements VisionGraph {

  private static final String TRUNK = "visual.trunk";

  private final ConvNextConfig config;
  private final Layers layers;

  ConvNextGraph(ConvNextConfig config, Map<String, NDArray> tensors, OnnxGraph graph) {
    this.config = config;
    layers = new Layers(graph, tensors, config.layerNormEpsilon());
  }

  @Override
  public int embeddingDepth() {
    return ConvNextConfig.STAGES;
  }

  @Override
  public List<String> hiddenStates(String pixels, int depth) {
    String stem = TRUNK + ".stem";
    String x =
        layers.layerNorm(toLast(convolve(pixels, stem + ".0", 4), stem), stem + ".1", stem + ".1");
    List<String> grids = new ArrayList<>(List.of(x));
    for (int i = 0; i < depth; i++) {
      String stage = TRUNK + ".stages." + i;
      if (i > 0) {
        String down = stage + ".downsample";
        x = layers.layerNorm(x, down + ".0", down + ".0");
        x = toLast(convolve(toFirst(x, down), down + ".1", 2), down);
      }
      for (int j = 0; j < config.depths().get(i); j++) {
        x = block(x, stage + ".blocks." + j);
      }
      grids.add(x);
    }
    List<String> states = new ArrayList<>();
    for (int i = 0; i < grids.size(); i++) {
      states.add(
          layers.reshape(grids.get(i), TRUNK, 0, -1, config.widths().get(Math.max(0, i - 1))));
    }
    return states;
  }

  /** {@code [N, H, W, C] -> [N, H, W, C]}. */
  private String block(String x, String name) {
    OnnxGraph graph = layers.graph();
    NDArray kernel = layers.tensor(name + ".conv_dw.weight");
    String mixed =
        graph.node(
            "Conv",
            Layers.path(name + ".conv_dw"),
            Map.of(
                "group", kernel.getShape().get(0),
                "kernel_shape", List.of(7L, 7L),
                "pads", List.of(3L, 3L, 3L, 3L)),
            toFirst(x, name),
            layers.weight(name + ".conv_dw.weight", name + ".conv_dw.weight"),
            layers.weight(name + ".conv_dw.bias", name + ".conv_dw.bias"));
    String normed = layers.layerNorm(toLast(mixed, name), name + ".norm", name + ".norm");
    String inner = layers.linear(normed, name + ".mlp.fc1", name + ".mlp.fc1");
    String outer = scaledLinear(layers.gelu(inner, name + ".mlp.act"), name);
    return graph.node("Add", Layers.path(name), Map.of(), x, outer);
  }

  /** The second layer of the MLP with the layer scale in its weights. */
  private String scaledLinear(String x, String name) {
    OnnxGraph graph = layers.graph();
    String layer = name + ".mlp.fc2";
    NDArray gamma = layers.tensor(name + ".gamma");
    NDArray weight = layers.tensor(layer + ".weight");
    NDArray bias = layers.tensor(layer + ".bias");
    Shape transposed = new Shape(weight.getShape().get(1), weight.getShape().get(0));
    return layers.affine(
        x,
        layer,
        graph.weight(layer + ".weight.scaled", weight, transposed, w -> w.transpose().mul(gamma)),
        graph.weight(layer + ".bias.scaled", bias, bias.getShape(), b -> b.mul(gamma)));
  }

  private String convolve(String x, String name, long stride) {
    return layers
        .graph()
        .node(
            "Conv",
            Layers.path(name),
            Map.of("kernel_shape", List.of(stride, stride), "strides", List.of(stride, stride)),
            x,
            layers.weight(name + ".weight", name + ".weight"),
            layers.weight(name + ".bias", name + ".bias"));
  }

  private String toLast(String x, String name) {
    return layers.transpose(x, name, 0L, 2L, 3L, 1L);
  }

  private String toFirst(String x, String name) {
    return layers.transpose(x, name, 0L, 3L, 1L, 2L);
  }

  @Override
  public String embed(List<String> states) {
    OnnxGraph graph = layers.graph();
    String mean =
        graph.node(
            "ReduceMean",
            Layers.path(TRUNK + ".head"),
            Map.of("axes", List.of(1L), "keepdims", 0L),
            states.get(ConvNextConfig.STAGES));
    String pooled = layers.layerNorm(mean, TRUNK + ".head.norm", TRUNK + ".head.norm");
    NDArray projection = layers.tensor("visual.head.proj.weight");
    Shape transposed = new Shape(projection.getShape().get(1), projection.getShape().get(0));
    return graph.node(
        "MatMul",
        Layers.path("visual.head.proj"),
        Map.of(),
        pooled,
        graph.weight(
            "visual.head.proj.weight.transposed", projection, transposed, NDArray::transpose));
  }

  @Override
  public String patchTokens(String state) {
    return state;
  }
}
