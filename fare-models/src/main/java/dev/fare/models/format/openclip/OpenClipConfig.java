package dev.fare.models.format.openclip;

import static java.util.Objects.requireNonNull;

import ai.djl.ndarray.types.Shape;
import dev.fare.image.ClipPreprocessing;
import dev.fare.image.PixelNormalization;
import dev.fare.io.LazyTensor;
import dev.fare.io.ModelFormatException;
import dev.fare.io.StrictJson;
import dev.fare.models.format.ClipConfig;
import dev.fare.models.format.ConfigSection;
import dev.fare.models.format.PictureSettings;
import dev.fare.models.text.TextConfig;
import dev.fare.models.transformer.Activation;
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
public final class OpenClipConfig {

  public static final String FILE = "open_clip_config.json";

  private static final int MAX_SIZE = 1 << 20;
  private static final int MAX_LAYERS = 1024;
  private static final int MAX_IMAGE = 1 << 13;
  static final double DEFAULT_EPSILON = 1e-5;
  static final double CONVNEXT_EPSILON = 1e-6;

  /** What a model of timm's is changed by. */
  static final String TIMM_CHANGES = "timm_model_kwargs";

  static final String DEPTHS = "depths";
  static final String WIDTHS = "dims";

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
      Map.of("pool_type", "tok", "pos_embed_type", "learnable", "block_type", "default");
  private static final Set<String> CONVNEXT_USED =
      Set.of("image_size", "timm_model_name", TIMM_CHANGES, "timm_pool", "timm_proj");
  private static final Set<String> CONVNEXT_IGNORED =
      Set.of("timm_drop", "timm_drop_path", "timm_model_pretrained", "output_tokens");
  private static final Set<String> TEXT_USED =
      Set.of(
          "context_length", "vocab_size", "width", "heads", "layers", "mlp_ratio", "norm_kwargs");
  private static final Set<String> TEXT_IGNORED = Set.of("pad_id", "eos_id", "output_tokens");
  private static final Map<String, String> TEXT_NEUTRAL =
      Map.of(
          "pool_type", "argmax",
          "proj_type", "linear",
          "text_arch", "clip",
          "block_type", "default",
          "norm_type", "layernorm");

  /** Depths and widths of the timm models of the family. */
  static final Map<String, List<List<Integer>>> CONVNEXTS =
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
  static ClipConfig read(Path file, Map<String, LazyTensor> tensors) throws IOException {
    ConfigSection root = new ConfigSection(StrictJson.read(file), file.toString());
    ConfigSection model = root.section("model_cfg").orElse(root);
    model.refuseOthers(MODEL_USED, MODEL_IGNORED, Map.of());
    Activation activation =
        model.flag("quick_gelu", false) ? Activation.QUICK_GELU : Activation.GELU;
    int size = model.size("embed_dim", MAX_SIZE);
    ConfigSection vision = required(model, "vision_cfg");
    return ModelFormatException.whereFileIsWrong(
        file.toString(),
        () -> {
          VisionConfig visionConfig =
              vision.has("timm_model_name")
                  ? convNext(vision, size, tensors)
                  : transformer(vision, size, activation);
          return new ClipConfig(
              visionConfig,
              Optional.of(text(required(model, "text_cfg"), size, activation)),
              normalization(root));
        });
  }

  /** How pictures become pixels, where that is not CLIP's own way. */
  static Optional<ClipPreprocessing> pictures(Path file, ClipConfig config) throws IOException {
    Optional<ConfigSection> section =
        new ConfigSection(StrictJson.read(file), file.toString()).section("preprocess_cfg");
    return section.isEmpty()
        ? Optional.empty()
        : PictureSettings.ofOpenClip(
            section.get(), config.vision().imageSize());
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
        imageSize(section),
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

  /** One number, or height and width where they are equal. */
  private static int imageSize(ConfigSection section) throws ModelFormatException {
    if (!section.isList("image_size")) {
      return section.size("image_size", MAX_IMAGE, 224);
    }
    List<Double> sides = section.numbers("image_size");
    double side = sides.isEmpty() ? 0 : sides.get(0);
    if (sides.size() != 2
        || side != sides.get(1)
        || side != (int) side
        || side < 1
        || side > MAX_IMAGE) {
      throw section.wrong("image_size", "a number or two equal ones", sides);
    }
    return (int) side;
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
      ConfigSection section, int size, Map<String, LazyTensor> tensors)
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
    List<List<Integer>> stated = stated(section, family);
    // A name with more than the family's may stand for other sizes.
    if ((name.equals(family) || section.has(TIMM_CHANGES))
        && !stated.equals(List.of(depths, widths))) {
      throw section.wrong(
          "timm_model_name",
          "the model of the tensors, which have depths " + depths + " and widths " + widths,
          name + " of " + stated);
    }
    return new ConvNextConfig(imageSize(section), depths, widths, size, CONVNEXT_EPSILON);
  }

  /** The depths and widths that the configuration claims. */
  private static List<List<Integer>> stated(ConfigSection section, String family)
      throws ModelFormatException {
    List<List<Integer>> sizes = requireNonNull(CONVNEXTS.get(family));
    Optional<ConfigSection> changes = section.section(TIMM_CHANGES);
    if (changes.isEmpty()) {
      return sizes;
    }
    changes.get().refuseOthers(Set.of(DEPTHS, WIDTHS), Set.of(), Map.of());
    return List.of(
        sizes(changes.get(), DEPTHS, sizes.get(0)), sizes(changes.get(), WIDTHS, sizes.get(1)));
  }

  private static List<Integer> sizes(ConfigSection section, String key, List<Integer> fallback)
      throws ModelFormatException {
    return section.has(key)
        ? section.numbers(key).stream().map(Double::intValue).toList()
        : fallback;
  }

  private static int depth(Map<String, LazyTensor> tensors, int stage) {
    int depth = 0;
    while (tensors.containsKey(gamma(stage, depth))) {
      depth++;
    }
    return depth;
  }

  private static int width(Map<String, LazyTensor> tensors, int stage) {
    LazyTensor gamma = tensors.get(gamma(stage, 0));
    Shape shape = gamma == null ? new Shape() : gamma.shape();
    return shape.dimension() == 1 ? (int) Math.min(shape.get(0), MAX_SIZE) : 0;
  }

  private static String gamma(int stage, int block) {
    return "visual.trunk.stages." + stage + ".blocks." + block + ".gamma";
  }

  private static PixelNormalization normalization(ConfigSection root)
      throws ModelFormatException {
    Optional<ConfigSection> section = root.section("preprocess_cfg");
    if (section.isEmpty() || (!section.get().has("mean") && !section.get().has("std"))) {
      return PixelNormalization.CLIP;
    }
    return new PixelNormalization(section.get().numbers("mean"), section.get().numbers("std"));
  }
}
