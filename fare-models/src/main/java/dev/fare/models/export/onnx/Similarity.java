package dev.fare.models.export.onnx;

import java.util.List;
import java.util.Map;

/**
 * How well images and texts belong together, with the outputs of Hugging Face's CLIPModel; computed
 * in float32, whatever the towers are in.
 *
 * @param images how many images there are
 * @param texts how many texts there are
 * @param embeddingSize of both
 */
record Similarity(OnnxGraph graph, String images, String texts, long embeddingSize) {

  /** Declares the outputs: unit embeddings, and the logit scale times their products. */
  void add(String imageEmbeds, String textEmbeds, double logitScale) {
    String image = unit(imageEmbeds, "/image_embeds"); // [N, D]
    String text = unit(textEmbeds, "/text_embeds"); // [M, D]
    String cosines = graph.node("MatMul", "/logits_per_image", Map.of(), image, transpose(text));
    String perImage =
        graph.node("Mul", "/logits_per_image", Map.of(), cosines, graph.single(logitScale));
    graph.singleOutput("logits_per_image", perImage, images, texts);
    graph.singleOutput("logits_per_text", transpose(perImage), texts, images);
    graph.singleOutput("text_embeds", text, texts, embeddingSize);
    graph.singleOutput("image_embeds", image, images, embeddingSize);
  }

  private String unit(String embeds, String path) {
    String single = graph.toSingle(embeds, path);
    Map<String, ?> overRows = Map.of("axes", List.of(-1L), "keepdims", 1L);
    return graph.node(
        "Div", path, Map.of(), single, graph.node("ReduceL2", path, overRows, single));
  }

  private String transpose(String matrix) {
    return graph.node("Transpose", "/logits", Map.of("perm", List.of(1L, 0L)), matrix);
  }
}
