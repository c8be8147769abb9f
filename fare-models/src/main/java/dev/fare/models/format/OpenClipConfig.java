package dev.fare.models.format;

import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.fare.io.ModelFormatException;
import dev.fare.io.StrictJson;
import dev.fare.io.WeightTensor;
import dev.fare.models.Activation;
import dev.fare.models.ClipConfig;
import dev.fare.models.PixelNormalization;
import dev.fare.models.text.TextConfig;
import dev.fare.models.vision.ConvNextConfig;
import dev.fare.models.vision.VisionConfig;
import dev.fare.models.vision.VitConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * open_clip's {@code open_clip_config.json}, or the bare {@code model_cfg} of its model list.
 *
 * <p>A key that is not there has open_clip's documented default: GELU unless {@code quick_gelu} is
 * set. A key that nobody here knows is refused, as it may change the model.
 */
final class OpenClipConfig {

  static final String FILE = "open_clip_config.json";

  private static final int MAX_SIZE = 1 << 20;
  private static final int MAX_LAYERS = 1024;
  private static final int MAX_IMAGE = 1 << 13;
  private static final double DEFAULT_EPSILON = 1e-5;
  private static final double CONVNEXT_EPSILON = 1e-6;

  private static final Set<String> MODEL_USED =
      Set.of("embed_dim", "quick_gelu", "vision_cfg", "text_cfg", "custom_text");
  private static final Set<String> MODEL_IGNORED =
      Set.of("init_logit_scale", "cast_dtype", "output_dict");
  private static final Set<String> VISION_USED =
      Set.of(
          "layers", "width", "head_width", "mlp_ratio", "patch_size", "image_size", "norm_kwargs");
  private static final Set<String> VISION_IGNORED =
      Set.of("patch_dropout", "output_tokens", "attn_pooler_queries", "attn_pooler_heads");
  private static final Map<String, String> VISION_NEUTRAL =
      Map.of("pool_type", "tok", "pos_embed_type", "learnable");
  private static final Set<String> CONVNEXT_USED =
      Set.of("image_size", "timm_model_name", "timm_pool", "timm_proj");
  private static final Set<String> CONVNEXT_IGNORED =
      Set.of("timm_drop", "timm_drop_path", "timm_model_pretrained", "output_tokens");
  private static final Set<String> TEXT_USED =
      Set.of(
          "context_length", "vocab_size", "width", "heads", "layers", "mlp_ratio", "norm_kwargs");
  private static final Set<String> TEXT_IGNORED = Set.of("pad_id", "eos_id", "output_tokens");
  private static final Map<String, String> TEXT_NEUTRAL =
      Map.of("pool_type", "argmax", "proj_type", "linear");

  /** Depths and widths of the timm models of the family. */
  private static final Map<String, List<List<Integer>>> CONVNEXTS =
      Map.of(
          "convnext_tiny", List.of(List.of(3, 3, 9, 3), List.of(96, 192, 384, 768)),
          "convnext_small", List.of(List.of(3, 3, 27, 3), List.of(96, 192, 384, 768)),
          "convnext_base", List.of(List.of(3, 3, 27, 3), List.of(128, 256, 512, 1024)),
          "convnext_large", List.of(List.of(3, 3, 27, 3), List.of(192, 384, 768, 1536)));

  private OpenClipConfig() {}

  /**
   * Reads a configuration.
   *
   * @param tensors by canonical name; a ConvNeXt's depths and widths are read off them
   */
  static ClipConfig read(Path file, Map<String, WeightTensor> tensors) throws IOException {
    ConfigSection root = new ConfigSection(StrictJson.read(file), file.toString());
    ConfigSection model = root.section("model_cfg").orElse(root);
    model.refuseOthers(MODEL_USED, MODEL_IGNORED, Map.of());
    Activation activation =
        model.flag("quick_gelu", false) ? Activation.QUICK_GELU : Activation.GELU;
    int size = model.size("embed_dim", MAX_SIZE);
    ConfigSection vision = required(model, "vision_cfg");
    try {
      VisionConfig visionConfig =
          vision.has("timm_model_name")
              ? convNext(vision, size, tensors)
              : transformer(vision, size, activation);
      return new ClipConfig(
          visionConfig,
          Optional.of(text(required(model, "text_cfg"), size, activation)),
          normalization(root));
    } catch (IllegalArgumentException e) {
      throw new ModelFormatException(file + ": " + e.getMessage(), e);
    }
  }

  private static ConfigSection required(ConfigSection model, String key)
      throws ModelFormatException {
    return model.section(key).orElseThrow(() -> model.wrong(key, "an object", null));
  }

  private static VitConfig transformer(ConfigSection section, int size, Activation activation)
      throws ModelFormatException {
    section.refuseOthers(VISION_USED, VISION_IGNORED, VISION_NEUTRAL);
    int width = section.size("width", MAX_SIZE, 768);
    int headWidth = section.size("head_width", MAX_SIZE, 64);
    if (width % headWidth != 0) {
      throw section.wrong("head_width", "a divisor of the width " + width, headWidth);
    }
    return new VitConfig(
        section.size("image_size", MAX_IMAGE, 224),
        section.size("patch_size", MAX_IMAGE, 16),
        width,
        section.size("layers", MAX_LAYERS, 12),
        width / headWidth,
        mlpWidth(section, width),
        size,
        activation,
        epsilon(section));
  }

  private static TextConfig text(ConfigSection section, int size, Activation activation)
      throws ModelFormatException {
    section.refuseOthers(TEXT_USED, TEXT_IGNORED, TEXT_NEUTRAL);
    int width = section.size("width", MAX_SIZE, 512);
    return new TextConfig(
        section.size("context_length", MAX_SIZE, 77),
        section.size("vocab_size", 1 << 24, 49408),
        width,
        section.size("layers", MAX_LAYERS, 12),
        section.size("heads", MAX_SIZE, 8),
        mlpWidth(section, width),
        size,
        activation,
        epsilon(section),
        OptionalInt.empty());
  }

  private static int mlpWidth(ConfigSection section, int width) throws ModelFormatException {
    double mlpWidth = width * section.number("mlp_ratio", 4);
    if (!(mlpWidth >= 1 && mlpWidth <= 4.0 * MAX_SIZE)) {
      throw section.wrong("mlp_ratio", "a factor that gives a width from 1", mlpWidth / width);
    }
    return (int) mlpWidth;
  }

  private static double epsilon(ConfigSection section) throws ModelFormatException {
    Optional<ConfigSection> norm = section.section("norm_kwargs");
    if (norm.isEmpty()) {
      return DEFAULT_EPSILON;
    }
    norm.get().refuseOthers(Set.of("eps"), Set.of(), Map.of());
    return norm.get().number("eps", DEFAULT_EPSILON);
  }

  private static ConvNextConfig convNext(
      ConfigSection section, int size, Map<String, WeightTensor> tensors)
      throws ModelFormatException {
    section.refuseOthers(CONVNEXT_USED, CONVNEXT_IGNORED, Map.of());
    String name = section.string("timm_model_name").orElse("");
    // Only these are known to have an epsilon of 1e-6 and no other changes in their names.
    String family = name.split("[ .]", 2)[0];
    if (!CONVNEXTS.containsKey(family)) {
      throw section.wrong("timm_model_name", "one of " + CONVNEXTS.keySet(), name);
    }
    String pool = section.string("timm_pool").orElse("");
    String projection = section.string("timm_proj").orElse("none");
    if (!Set.of("", "avg").contains(pool) || !projection.equals("linear")) {
      throw section.wrong(
          "timm_pool and timm_proj", "empty or avg, and linear", pool + " and " + projection);
    }
    List<Integer> depths = new ArrayList<>();
    List<Integer> widths = new ArrayList<>();
    for (int stage = 0; stage < ConvNextConfig.STAGES; stage++) {
      depths.add(depth(tensors, stage));
      widths.add(width(tensors, stage));
    }
    if (name.equals(family) && !CONVNEXTS.get(family).equals(List.of(depths, widths))) {
      throw section.wrong(
          "timm_model_name",
          "the model of the tensors, which have depths " + depths + " and widths " + widths,
          name);
    }
    return new ConvNextConfig(
        section.size("image_size", MAX_IMAGE, 224), depths, widths, size, CONVNEXT_EPSILON);
  }

  private static int depth(Map<String, WeightTensor> tensors, int stage) {
    int depth = 0;
    while (tensors.containsKey(gamma(stage, depth))) {
      depth++;
    }
    return depth;
  }

  private static int width(Map<String, WeightTensor> tensors, int stage) {
    WeightTensor gamma = tensors.get(gamma(stage, 0));
    Shape shape = gamma == null ? new Shape() : gamma.shape();
    return shape.dimension() == 1 ? (int) Math.min(shape.get(0), MAX_SIZE) : 0;
  }

  private static String gamma(int stage, int block) {
    return "visual.trunk.stages." + stage + ".blocks." + block + ".gamma";
  }

  private static PixelNormalization normalization(ConfigSection root) throws ModelFormatException {
    Optional<ConfigSection> section = root.section("preprocess_cfg");
    if (section.isEmpty() || (!section.get().has("mean") && !section.get().has("std"))) {
      return PixelNormalization.CLIP;
    }
    return new PixelNormalization(section.get().numbers("mean"), section.get().numbers("std"));
  }

  /**
   * The configuration of a vision transformer with a text tower.
   *
   * @throws IllegalArgumentException if open_clip has no word for it
   */
  static JsonObject toJson(ClipConfig config) {
    if (!(config.vision() instanceof VitConfig vision) || config.text().isEmpty()) {
      throw new IllegalArgumentException(
          "open_clip's layout is written for a vision transformer with a text tower, got "
              + config);
    }
    TextConfig text = config.text().get();
    boolean isArgMax =
        text.endToken().isEmpty() || text.endToken().getAsInt() == text.vocabularySize() - 1;
    if (vision.activation() != text.activation() || !isArgMax) {
      throw new IllegalArgumentException(
          "open_clip has one activation for both towers and reads the text embedding at the largest"
              + " id, got "
              + config);
    }
    JsonObject model = new JsonObject();
    model.addProperty("embed_dim", vision.embeddingSize());
    model.addProperty("quick_gelu", vision.activation() == Activation.QUICK_GELU);
    JsonObject visionJson = new JsonObject();
    visionJson.addProperty("image_size", vision.imageSize());
    visionJson.addProperty("patch_size", vision.patchSize());
    visionJson.addProperty("width", vision.width());
    visionJson.addProperty("layers", vision.layers());
    visionJson.addProperty("head_width", vision.width() / vision.heads());
    addMlpAndNorm(visionJson, vision.width(), vision.mlpWidth(), vision.layerNormEpsilon());
    model.add("vision_cfg", visionJson);
    JsonObject textJson = new JsonObject();
    textJson.addProperty("context_length", text.contextLength());
    textJson.addProperty("vocab_size", text.vocabularySize());
    textJson.addProperty("width", text.width());
    textJson.addProperty("layers", text.layers());
    textJson.addProperty("heads", text.heads());
    addMlpAndNorm(textJson, text.width(), text.mlpWidth(), text.layerNormEpsilon());
    model.add("text_cfg", textJson);
    JsonObject root = new JsonObject();
    root.add("model_cfg", model);
    root.add("preprocess_cfg", preprocessing(config.normalization()));
    return root;
  }

  private static void addMlpAndNorm(JsonObject json, int width, int mlpWidth, double epsilon) {
    double ratio = (double) mlpWidth / width;
    // open_clip cuts the product off, so it must not fall below the whole number.
    json.addProperty("mlp_ratio", (int) (width * ratio) == mlpWidth ? ratio : Math.nextUp(ratio));
    if (epsilon != DEFAULT_EPSILON) {
      JsonObject norm = new JsonObject();
      norm.addProperty("eps", epsilon);
      json.add("norm_kwargs", norm);
    }
  }

  private static JsonObject preprocessing(PixelNormalization normalization) {
    JsonObject json = new JsonObject();
    JsonArray mean = new JsonArray();
    normalization.mean().forEach(mean::add);
    JsonArray std = new JsonArray();
    normalization.std().forEach(std::add);
    json.add("mean", mean);
    json.add("std", std);
    json.addProperty("interpolation", "bicubic");
    json.addProperty("resize_mode", "shortest");
    return json;
  }
}
