package dev.fare.models.export.onnx;

import ai.djl.ndarray.NDArray;
import dev.fare.models.vision.ConvNextConfig;
import dev.fare.models.vision.VisionConfig;
import dev.fare.models.vision.VitConfig;
import java.util.List;
import java.util.Map;

/** A vision tower that adds itself to a graph. */
sealed interface VisionGraph permits VisionTransformerGraph, ConvNextGraph {

  static VisionGraph of(VisionConfig config, Map<String, NDArray> tensors, OnnxGraph graph) {
    return config instanceof VitConfig vit
        ? new VisionTransformerGraph(vit, tensors, graph)
        : new ConvNextGraph((ConvNextConfig) config, tensors, graph);
  }

  /** The number of blocks or stages. */
  int depth();

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

  /** The dimensions of a hidden state. */
  Object[] stateShape(int depth);

  /** A hidden state without its class token. */
  String patchTokens(String state);
}
