package dev.fare.models.format;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dev.fare.models.text.TextConfig;
import dev.fare.models.vision.ConvNextConfig;
import dev.fare.models.vision.VisionConfig;
import dev.fare.models.vision.VitConfig;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The tensors that a CLIP model consists of: OpenAI's names, their shapes, and one fixed order.
 *
 * <p>Every reader maps to these names and every model binds its weights in this order.
 */
public final class CanonicalNames {

  /** What the names of the vision tower start with. */
  public static final String VISION_PREFIX = "visual.";

  private CanonicalNames() {}

  /** The tensors of both towers, vision first. */
  public static LinkedHashMap<String, Shape> of(ClipConfig config) {
    LinkedHashMap<String, Shape> shapes = vision(config.vision());
    config.text().ifPresent(text -> shapes.putAll(text(text)));
    return shapes;
  }

  /** The tensors of a vision tower of whichever architecture. */
  public static LinkedHashMap<String, Shape> vision(VisionConfig config) {
    return config instanceof VitConfig vit ? vision(vit) : vision((ConvNextConfig) config);
  }

  /** The tensors of a vision transformer, from its input to its output. */
  public static LinkedHashMap<String, Shape> vision(VitConfig config) {
    LinkedHashMap<String, Shape> shapes = new LinkedHashMap<>();
    long width = config.width();
    shapes.put("visual.class_embedding", new Shape(width));
    shapes.put("visual.conv1.weight", new Shape(width, 3, config.patchSize(), config.patchSize()));
    shapes.put("visual.positional_embedding", new Shape(config.tokens(), width));
    putNorm(shapes, "visual.ln_pre", width);
    for (int i = 0; i < config.layers(); i++) {
      putBlock(shapes, "visual.transformer.resblocks." + i, width, config.mlpWidth());
    }
    putNorm(shapes, "visual.ln_post", width);
    shapes.put("visual.proj", new Shape(width, config.embeddingSize()));
    return shapes;
  }

  /**
   * The tensors of a ConvNeXt, from its input to its output, by the names of open_clip and timm.
   */
  public static LinkedHashMap<String, Shape> vision(ConvNextConfig config) {
    LinkedHashMap<String, Shape> shapes = new LinkedHashMap<>();
    String trunk = "visual.trunk.";
    long before = config.widths().get(0);
    shapes.put(trunk + "stem.0.weight", new Shape(before, 3, 4, 4));
    shapes.put(trunk + "stem.0.bias", new Shape(before));
    putNorm(shapes, trunk + "stem.1", before);
    for (int i = 0; i < ConvNextConfig.STAGES; i++) {
      long width = config.widths().get(i);
      String stage = trunk + "stages." + i;
      if (i > 0) {
        putNorm(shapes, stage + ".downsample.0", before);
        shapes.put(stage + ".downsample.1.weight", new Shape(width, before, 2, 2));
        shapes.put(stage + ".downsample.1.bias", new Shape(width));
      }
      for (int j = 0; j < config.depths().get(i); j++) {
        putConvNextBlock(shapes, stage + ".blocks." + j, width);
      }
      before = width;
    }
    putNorm(shapes, trunk + "head.norm", before);
    shapes.put("visual.head.proj.weight", new Shape(config.embeddingSize(), before));
    return shapes;
  }

  private static void putConvNextBlock(
      LinkedHashMap<String, Shape> shapes, String block, long width) {
    shapes.put(block + ".gamma", new Shape(width));
    shapes.put(block + ".conv_dw.weight", new Shape(width, 1, 7, 7));
    shapes.put(block + ".conv_dw.bias", new Shape(width));
    putNorm(shapes, block + ".norm", width);
    putLinear(shapes, block + ".mlp.fc1", 4 * width, width);
    putLinear(shapes, block + ".mlp.fc2", width, 4 * width);
  }

  /** The tensors of a text transformer, from its input to its output, then the logit scale. */
  public static LinkedHashMap<String, Shape> text(TextConfig config) {
    LinkedHashMap<String, Shape> shapes = new LinkedHashMap<>();
    long width = config.width();
    shapes.put("token_embedding.weight", new Shape(config.vocabularySize(), width));
    shapes.put("positional_embedding", new Shape(config.contextLength(), width));
    for (int i = 0; i < config.layers(); i++) {
      putBlock(shapes, "transformer.resblocks." + i, width, config.mlpWidth());
    }
    putNorm(shapes, "ln_final", width);
    shapes.put("text_projection", new Shape(width, config.embeddingSize()));
    shapes.put("logit_scale", new Shape());
    return shapes;
  }

  /**
   * Checks that arrays are exactly the tensors of a configuration.
   *
   * @throws IllegalArgumentException if one is missing, too many, or of another shape
   */
  public static void check(ClipConfig config, Map<String, NDArray> tensors) {
    Map<String, Shape> expected = of(config);
    expected.forEach((name, shape) -> checked(name, shape, tensors));
    for (String name : tensors.keySet()) {
      if (!expected.containsKey(name)) {
        throw new IllegalArgumentException(
            "tensor '" + name + "' has no place in the configuration " + config);
      }
    }
  }

  /** The array of a name, which must be there and have the shape. */
  public static NDArray checked(String name, Shape shape, Map<String, NDArray> tensors) {
    NDArray tensor = tensors.get(name);
    if (tensor == null || !tensor.getShape().equals(shape)) {
      throw new IllegalArgumentException(
          "tensor '"
              + name
              + "' must have the shape "
              + shape
              + ", got "
              + (tensor == null ? "none" : tensor.getShape()));
    }
    return tensor;
  }

  private static void putBlock(
      LinkedHashMap<String, Shape> shapes, String block, long width, long mlpWidth) {
    putNorm(shapes, block + ".ln_1", width);
    shapes.put(block + ".attn.in_proj_weight", new Shape(3 * width, width));
    shapes.put(block + ".attn.in_proj_bias", new Shape(3 * width));
    putLinear(shapes, block + ".attn.out_proj", width, width);
    putNorm(shapes, block + ".ln_2", width);
    putLinear(shapes, block + ".mlp.c_fc", mlpWidth, width);
    putLinear(shapes, block + ".mlp.c_proj", width, mlpWidth);
  }

  private static void putNorm(LinkedHashMap<String, Shape> shapes, String name, long width) {
    shapes.put(name + ".weight", new Shape(width));
    shapes.put(name + ".bias", new Shape(width));
  }

  private static void putLinear(
      LinkedHashMap<String, Shape> shapes, String name, long outputs, long inputs) {
    shapes.put(name + ".weight", new Shape(outputs, inputs));
    shapes.put(name + ".bias", new Shape(outputs));
  }
}
