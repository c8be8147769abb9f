package dev.fare.vlm.language;

import ai.djl.ndarray.types.Shape;
import java.util.LinkedHashMap;

/**
 * The architecture of a Llama.
 *
 * @param vocabularySize number of token ids
 * @param width length of a token
 * @param layers number of transformer blocks
 * @param heads number of query heads in a block
 * @param keyValueHeads number of key and value heads, each serving a group of query heads
 * @param headSize length of a head's query, even
 * @param mlpWidth inner width of a block's SwiGLU
 * @param contextLength tokens that the model was made for, those of images included
 * @param normEpsilon of every RMS normalisation
 * @param ropeTheta base of the rotary embedding's frequencies
 * @param positionFactor what positions are divided by; 1 unless the rotary embedding is scaled
 *     linearly
 * @param isTied whether logits are computed with the matrix that embeds
 */
public record LlamaConfig(
    int vocabularySize,
    int width,
    int layers,
    int heads,
    int keyValueHeads,
    int headSize,
    int mlpWidth,
    int contextLength,
    double normEpsilon,
    double ropeTheta,
    double positionFactor,
    boolean isTied) {

  /**
   * Checks the sizes.
   *
   * @throws IllegalArgumentException if a size is not positive, a head's size is odd, or the key
   *     and value heads do not divide the heads
   */
  public LlamaConfig {
    int smallest =
        Math.min(
            Math.min(Math.min(vocabularySize, width), Math.min(layers, heads)),
            Math.min(Math.min(keyValueHeads, headSize), Math.min(mlpWidth, contextLength)));
    if (smallest < 1
        || headSize % 2 != 0
        || heads % keyValueHeads != 0
        || !(normEpsilon > 0)
        || !(ropeTheta > 0)
        || !(positionFactor > 0)) {
      throw new IllegalArgumentException(
          "a Llama needs positive sizes, an even headSize and keyValueHeads that divide heads, got"
              + " vocabularySize "
              + vocabularySize
              + ", width "
              + width
              + ", layers "
              + layers
              + ", heads "
              + heads
              + ", keyValueHeads "
              + keyValueHeads
              + ", headSize "
              + headSize
              + ", mlpWidth "
              + mlpWidth
              + ", contextLength "
              + contextLength
              + ", normEpsilon "
              + normEpsilon
              + ", ropeTheta "
              + ropeTheta
              + ", positionFactor "
              + positionFactor);
    }
  }

  /**
   * The names and shapes of the weights in the order in which the model takes them: Hugging Face's
   * without {@code model.}.
   */
  public LinkedHashMap<String, Shape> tensors() {
    Shape norm = new Shape(width);
    Shape queries = new Shape((long) heads * headSize, width);
    Shape keys = new Shape((long) keyValueHeads * headSize, width);
    LinkedHashMap<String, Shape> tensors = new LinkedHashMap<>();
    tensors.put("embed_tokens.weight", new Shape(vocabularySize, width));
    for (int i = 0; i < layers; i++) {
      String layer = "layers." + i + ".";
      tensors.put(layer + "input_layernorm.weight", norm);
      tensors.put(layer + "self_attn.q_proj.weight", queries);
      tensors.put(layer + "self_attn.k_proj.weight", keys);
      tensors.put(layer + "self_attn.v_proj.weight", keys);
      tensors.put(layer + "self_attn.o_proj.weight", new Shape(width, (long) heads * headSize));
      tensors.put(layer + "post_attention_layernorm.weight", norm);
      tensors.put(layer + "mlp.gate_proj.weight", new Shape(mlpWidth, width));
      tensors.put(layer + "mlp.up_proj.weight", new Shape(mlpWidth, width));
      tensors.put(layer + "mlp.down_proj.weight", new Shape(width, mlpWidth));
    }
    tensors.put("norm.weight", norm);
    if (!isTied) {
      tensors.put("lm_head.weight", new Shape(vocabularySize, width));
    }
    return tensors;
  }
}
