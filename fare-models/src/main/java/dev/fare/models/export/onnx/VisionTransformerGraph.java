package dev.fare.models.export.onnx;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.fare.models.vision.VitConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** CLIP's vision transformer as a graph, with the names of Hugging Face's CLIPVisionModel. */
final class VisionTransformerGraph implements VisionGraph {

  private static final String MODEL = "vision_model";
  private static final String BLOCKS = "visual.transformer.resblocks.";

  private final VitConfig config;
  private final Layers layers;
  private final TransformerBlock block;

  VisionTransformerGraph(VitConfig config, Map<String, NDArray> tensors, OnnxGraph graph) {
    this.config = config;
    layers = new Layers(graph, tensors, config.layerNormEpsilon());
    block = new TransformerBlock(layers, config.width(), config.heads(), config.activation());
  }

  @Override
  public int embeddingDepth() {
    return config.layers() - 1;
  }

  @Override
  public List<String> hiddenStates(String pixels, int depth) {
    List<String> states = new ArrayList<>();
    states.add(embedPatches(pixels));
    for (int i = 0; i < depth; i++) {
      states.add(block.add(states.get(i), BLOCKS + i, layer(i), Optional.empty()));
    }
    return states;
  }

  private static String layer(int index) {
    return MODEL + ".encoder.layers." + index;
  }

  /** {@code [N, 3, S, S] -> [N, T, C]}, after the first normalisation. */
  private String embedPatches(String pixels) {
    OnnxGraph graph = layers.graph();
    String embeddings = MODEL + ".embeddings";
    long patch = config.patchSize();
    String patches =
        graph.node(
            "Conv",
            Layers.path(embeddings + ".patch_embedding"),
            Map.of("kernel_shape", List.of(patch, patch), "strides", List.of(patch, patch)),
            pixels,
            layers.weight("visual.conv1.weight", embeddings + ".patch_embedding.weight"));
    String flat = layers.reshape(patches, embeddings, 0, config.width(), -1);
    String rows = layers.transpose(flat, embeddings, 0L, 2L, 1L);
    // a row of zeros takes the class token with its position, whatever the batch
    String padded =
        graph.node(
            "Pad", Layers.path(embeddings), Map.of(), rows, graph.integers(0, 1, 0, 0, 0, 0));
    String x = graph.node("Add", Layers.path(embeddings), Map.of(), padded, positions(embeddings));
    return layers.layerNorm(x, "visual.ln_pre", MODEL + ".pre_layrnorm");
  }

  private String positions(String embeddings) {
    NDArray token = layers.tensor("visual.class_embedding");
    return layers
        .graph()
        .weight(
            embeddings + ".class_and_position_embedding",
            layers.tensor("visual.positional_embedding"),
            new Shape(config.tokens(), config.width()),
            table -> table.get("0:1").add(token.reshape(1, -1)).concat(table.get("1:"), 0));
  }

  @Override
  public String embed(List<String> states) {
    OnnxGraph graph = layers.graph();
    int last = config.layers() - 1;
    String tokens =
        states.size() > config.layers()
            ? states.get(config.layers())
            : block.addOfFirst(states.get(last), BLOCKS + last, layer(last));
    String first =
        graph.node(
            "Gather",
            Layers.path(MODEL),
            Map.of("axis", 1L),
            tokens,
            graph.scalar(0, DataType.INT64));
    String pooled = layers.layerNorm(first, "visual.ln_post", MODEL + ".post_layernorm");
    return graph.node(
        "MatMul",
        Layers.path("visual_projection"),
        Map.of(),
        pooled,
        layers.weight("visual.proj", "visual_projection.weight.transposed"));
  }

  @Override
  public String patchTokens(String state) {
    return layers.rows(state, MODEL, 1, config.tokens());
  }
}
