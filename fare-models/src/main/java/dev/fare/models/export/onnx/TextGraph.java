package dev.fare.models.export.onnx;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import dev.fare.models.text.TextConfig;
import java.util.Map;
import java.util.Optional;

/** CLIP's text transformer as a graph, with the names of Hugging Face's CLIPTextModel. */
final class TextGraph {

  /** The number of tokens in a row, which the caller chooses. */
  static final String LENGTH = "sequence_length";

  private static final String MODEL = "text_model";

  /** What hides a position from a softmax in either precision; infinity would make NaN of a row. */
  private static final double HIDDEN = -65504;

  private final TextConfig config;
  private final Layers layers;
  private final OnnxGraph graph;

  TextGraph(TextConfig config, Map<String, NDArray> tensors, OnnxGraph graph) {
    this.config = config;
    this.graph = graph;
    layers = new Layers(graph, tensors, config.layerNormEpsilon());
  }

  /** The input of token ids. */
  String ids(String batch) {
    String limit = "token ids, up to " + config.contextLength() + " in a row";
    return graph.input("input_ids", DataType.INT64, limit, batch, LENGTH);
  }

  /** The input that tells tokens from padding. */
  String mask(String batch) {
    String values = "1 for tokens, 0 for padding";
    return graph.input("attention_mask", DataType.INT64, values, batch, LENGTH);
  }

  /** The tokens {@code [N, T, C]} after the final normalisation. */
  String lastHiddenState(String ids, String attentionMask) {
    String length = length(ids);
    String x = embed(ids, length);
    Optional<String> mask = Optional.of(hidden(attentionMask, length));
    TransformerBlock block =
        new TransformerBlock(layers, config.width(), config.heads(), config.activation());
    for (int i = 0; i < config.layers(); i++) {
      String layer = MODEL + ".encoder.layers." + i;
      x = block.add(x, "transformer.resblocks." + i, layer, mask);
    }
    return layers.layerNorm(x, "ln_final", MODEL + ".final_layer_norm");
  }

  /** The number of tokens in a row, as a vector of one number. */
  private String length(String ids) {
    String path = Layers.path(MODEL);
    String shape = graph.node("Shape", path, Map.of(), ids);
    return graph.node("Gather", path, Map.of("axis", 0L), shape, graph.integers(1));
  }

  private String embed(String ids, String length) {
    String path = Layers.path(MODEL + ".embeddings");
    String table = MODEL + ".embeddings.token_embedding.weight";
    String tokens =
        graph.node(
            "Gather",
            path,
            Map.of("axis", 0L),
            layers.weight("token_embedding.weight", table),
            ids);
    String positions =
        layers.weight("positional_embedding", MODEL + ".embeddings.position_embedding.weight");
    String used = firstRows(positions, path, length, 0);
    return graph.node("Add", path, Map.of(), tokens, used);
  }

  private String firstRows(String table, String path, String length, long axis) {
    return graph.node(
        "Slice", path, Map.of(), table, graph.integers(0), length, graph.integers(axis));
  }

  /** What is added to the scores: a token sees no later one and no padding. */
  private String hidden(String attentionMask, String length) {
    String path = Layers.path(MODEL);
    String rows = firstRows(graph.lowerTriangle(config.contextLength()), path, length, 0);
    String earlier = firstRows(rows, path, length, 1); // [T, T]
    String isToken = graph.cast(attentionMask, path, DataType.BOOLEAN);
    String columns = graph.node("Unsqueeze", path, Map.of(), isToken, graph.integers(1, 2));
    String isSeen = graph.node("And", path, Map.of(), earlier, columns); // [N, 1, T, T]
    return graph.node(
        "Where",
        path,
        Map.of(),
        isSeen,
        graph.scalar(0, DataType.FLOAT32),
        graph.scalar(HIDDEN, DataType.FLOAT32));
  }

  /** {@code [N, T, C] -> [N, D]}: the token at the end of the text, projected. */
  String embedText(String tokens, String ids) {
    String path = Layers.path(MODEL);
    String small = graph.cast(ids, path, DataType.INT32);
    String largest = small;
    if (config.endToken().isPresent()) {
      String end = graph.scalar(config.endToken().getAsInt(), DataType.INT32);
      String isEnd = graph.node("Equal", path, Map.of(), small, end);
      largest = graph.cast(isEnd, path, DataType.INT32);
    }
    // the first of equal ones, as in the original
    String position = graph.node("ArgMax", path, Map.of("axis", 1L, "keepdims", 1L), largest);
    String pooled =
        graph.node("GatherND", path, Map.of("batch_dims", 1L), tokens, position); // [N, C]
    return graph.node(
        "MatMul",
        Layers.path("text_projection"),
        Map.of(),
        pooled,
        layers.weight("text_projection", "text_projection.weight.transposed"));
  }
}
