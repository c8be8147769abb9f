package dev.fare.examples.recipes;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.vlm.language.LlamaConfig;
import java.nio.FloatBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;

/** Fresh weights of a projector and a Llama: as wide as what they are multiplied with is long. */
final class LlavaInitialization {

  private static final double TOKEN_DEVIATION = 0.05;

  private final SplittableRandom seeds;
  private final NDManager manager;

  LlavaInitialization(long seed, NDManager manager) {
    seeds = new SplittableRandom(seed);
    this.manager = manager;
  }

  /** The projector's weights from tokens of one width to another. */
  Map<String, NDArray> projector(int tokenWidth, int width) {
    Map<String, NDArray> weights = new LinkedHashMap<>();
    weights.put("linear_1.weight", normal(new Shape(width, tokenWidth), scale(tokenWidth)));
    weights.put("linear_1.bias", manager.zeros(new Shape(width)));
    weights.put("linear_2.weight", normal(new Shape(width, width), scale(width)));
    weights.put("linear_2.bias", manager.zeros(new Shape(width)));
    return weights;
  }

  /** The language model's weights. */
  Map<String, NDArray> language(LlamaConfig config) {
    Map<String, NDArray> weights = new LinkedHashMap<>();
    // what is added to the stream of tokens is smaller the more layers add to it
    double residual = 1 / Math.sqrt(2.0 * config.layers());
    config
        .tensors()
        .forEach(
            (name, shape) -> {
              if (shape.dimension() == 1) {
                weights.put(name, manager.ones(shape));
              } else if (name.startsWith("embed_tokens") || name.startsWith("lm_head")) {
                weights.put(name, normal(shape, TOKEN_DEVIATION));
              } else {
                boolean isOutput = name.contains("o_proj") || name.contains("down_proj");
                double deviation = scale(shape.get(1)) * (isOutput ? residual : 1);
                weights.put(name, normal(shape, deviation));
              }
            });
    return weights;
  }

  private static double scale(long inputs) {
    return 1 / Math.sqrt(inputs);
  }

  private NDArray normal(Shape shape, double deviation) {
    SplittableRandom random = seeds.split();
    FloatBuffer values = FloatBuffer.allocate(Math.toIntExact(shape.size()));
    while (values.hasRemaining()) {
      values.put((float) (random.nextGaussian() * deviation));
    }
    return manager.create(values.flip(), shape);
  }
}
