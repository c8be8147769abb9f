package dev.fare.models.export.onnx;

import ai.djl.ndarray.NDArray;
import dev.fare.models.vision.VisionConfig;
import java.util.List;
import java.util.Map;

/** A vision tower that adds itself to a graph. */
sealed interface VisionGraph permits VisionTransformerGraph, ConvNextGraph {

  static VisionGraph of(VisionConfig config, Map<String, NDArray> tensors, OnnxGraph graph) {
    return config.match(
        vit -> new VisionTransformerGraph(vit, tensors, graph),
        convNext -> new ConvNextGraph(convNext, tensors, graph));
  }

  /** How many of them must have run before {@link #embed}. */
  int embeddingDepth();

  /** The hidden states from 0 to a depth. */
  List<String> hiddenStates(String pixels, int depth);

  /**
   * The embedding.
   *
   * @param states the hidden states up to {@link #embeddingDepth}, or further where somebody reads
   *     them
   */
  String embed(List<String> states);

  /** A hidden state without its class token. */
  String patchTokens(String state);
}
