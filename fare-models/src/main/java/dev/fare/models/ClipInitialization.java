package dev.fare.models;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.models.format.ClipConfig;
import dev.fare.models.text.TextConfig;
import dev.fare.models.vision.VitConfig;
import java.nio.FloatBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;

/** Fresh weights for training a CLIP from scratch, scaled as in OpenAI's and open_clip's code. */
public final class ClipInitialization {

  private final SplittableRandom seeds;
  private final NDManager manager;

  private ClipInitialization(long seed, NDManager manager) {
    seeds = new SplittableRandom(seed);
    this.manager = manager;
  }

  /**
   * Draws weights for every tensor of a configuration.
   *
   * @param config of a vision transformer, with or without a text tower
   * @param seed the same seed draws the same weights
   * @param manager the owner of the arrays
   * @return arrays by their names in {@link ClipConfig#tensors}, in its order
   * @throws IllegalArgumentException if the vision tower is no transformer
   */
  public static Map<String, NDArray> random(ClipConfig config, long seed, NDManager manager) {
    ClipInitialization draw = new ClipInitialization(seed, manager);
    Map<String, NDArray> weights = new LinkedHashMap<>();
    VitConfig vision =
        config
            .vision()
            .match(
                vit -> vit,
                convNext -> {
                  throw new IllegalArgumentException(
                      "there are initial weights for vision transformers only, got " + convNext);
                });
    vision
        .tensors()
        .forEach(
            (name, shape) ->
                weights.put(name, draw.tensor(name, shape, vision.width(), vision.layers())));
    if (config.text().isPresent()) {
      TextConfig text = config.text().get();
      text.tensors()
          .forEach(
              (name, shape) ->
                  weights.put(name, draw.tensor(name, shape, text.width(), text.layers())));
    }
    return weights;
  }

  private NDArray tensor(String name, Shape shape, int width, int layers) {
    double token = 1 / Math.sqrt(width);
    double residual = token / Math.sqrt(2.0 * layers);
    if (name.equals("logit_scale")) {
      return manager.create((float) Math.log(1 / 0.07));
    } else if (name.endsWith("bias")) {
      return manager.zeros(shape);
    } else if (name.contains("ln_")) {
      return manager.ones(shape);
    } else if (name.endsWith("in_proj_weight")) {
      return normal(shape, token);
    } else if (name.endsWith("out_proj.weight") || name.endsWith("c_proj.weight")) {
      return normal(shape, residual);
    } else if (name.endsWith("c_fc.weight")) {
      return normal(shape, 1 / Math.sqrt(2.0 * width));
    } else if (name.equals("token_embedding.weight")) {
      return normal(shape, 0.02);
    } else if (name.equals("positional_embedding")) {
      return normal(shape, 0.01);
    } else if (name.endsWith("conv1.weight")) {
      return normal(shape, 1 / Math.sqrt(3.0 * shape.get(1) * shape.get(2) * shape.get(3)));
    }
    return normal(shape, token); // class and position embeddings of the images, projections
  }

  private NDArray normal(Shape shape, double std) {
    SplittableRandom random = seeds.split();
    FloatBuffer values = FloatBuffer.allocate(Math.toIntExact(shape.size()));
    while (values.hasRemaining()) {
      values.put((float) (random.nextGaussian() * std));
    }
    return manager.create(values.flip(), shape);
  }
}
