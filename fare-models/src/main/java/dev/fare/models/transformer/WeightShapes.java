package dev.fare.models.transformer;

import ai.djl.ndarray.types.Shape;
import java.util.LinkedHashMap;

/** The names and shapes of a model's weights, in the order in which they are put. */
public final class WeightShapes {

  private final LinkedHashMap<String, Shape> shapes = new LinkedHashMap<>();

  public WeightShapes put(String name, long... dimensions) {
    shapes.put(name, new Shape(dimensions));
    return this;
  }

  /** A layer normalisation. */
  public WeightShapes norm(String name, long width) {
    return put(name + ".weight", width).put(name + ".bias", width);
  }

  /** A linear layer with a bias. */
  public WeightShapes linear(String name, long outputs, long inputs) {
    return put(name + ".weight", outputs, inputs).put(name + ".bias", outputs);
  }

  /** The blocks of a transformer by OpenAI's names, each {@code prefix.0} and so on. */
  public WeightShapes blocks(String prefix, int layers, long width, long mlpWidth) {
    for (int i = 0; i < layers; i++) {
      String block = prefix + "." + i;
      norm(block + ".ln_1", width);
      put(block + ".attn.in_proj_weight", 3 * width, width);
      put(block + ".attn.in_proj_bias", 3 * width);
      linear(block + ".attn.out_proj", width, width);
      norm(block + ".ln_2", width);
      linear(block + ".mlp.c_fc", mlpWidth, width);
      linear(block + ".mlp.c_proj", width, mlpWidth);
    }
    return this;
  }

  public LinkedHashMap<String, Shape> toMap() {
    return shapes;
  }
}
