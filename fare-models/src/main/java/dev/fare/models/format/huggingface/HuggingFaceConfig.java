package dev.fare.models.format.huggingface;

import ai.djl.ndarray.types.DataType;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.fare.image.ClipPreprocessing;
import dev.fare.image.Interpolation;
import dev.fare.image.PixelNormalization;
import dev.fare.image.ResizeMode;
import dev.fare.io.ModelFormatException;
import dev.fare.io.StrictJson;
import dev.fare.models.format.ClipConfig;
import dev.fare.models.format.ConfigSection;
import dev.fare.models.format.PictureSettings;
import dev.fare.models.text.TextConfig;
import dev.fare.models.transformer.Activation;
import dev.fare.models.vision.VisionConfig;
import dev.fare.models.vision.VitConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hugging Face's {@code config.json} and {@code preprocessor_config.json} of CLIP.
 *
 * <p>A key that is not there has the default that Hugging Face documents for CLIPConfig,
 * CLIPTextConfig and CLIPVisionConfig: its library drops defaults when it saves.
 */
public final class HuggingFaceConfig {

  public static final String CONFIG = "config.json";
  public static final String PREPROCESSOR = "preprocessor_config.json";
  public static final String TOKENIZER = "tokenizer_config.json";
  public static final String PROCESSOR = "processor_config.json";
  public static final String VISION_ONLY_TYPE = "clip_vision_model";
  static final String BOTH_TYPE = "clip";

  /** In a configuration this id means that the largest id of a row carries the embedding. */
  static final int LEGACY_END_TOKEN = 2;

  private static final int MAX_SIZE = 1 << 20;
  private static final int MAX_LAYERS = 1024;
  private static final int MAX_IMAGE = 1 << 13;
  private static final double DEFAULT_EPSILON = 1e-5;
  private static final int DEFAULT_PROJECTION = 512;
  private static final int DEFAULT_END_TOKEN = 49407;

  private static final Logger log = LoggerFactory.getLogger(HuggingFaceConfig.class);

  private final ConfigSection root;
  private final boolean isVisionOnly;

  private HuggingFaceConfig(ConfigSection root, boolean isVisionOnly) {
    this.root = root;
    this.isVisionOnly = isVisionOnly;
  }

  /** Reads a {@code config.json} of CLIP. */
  static HuggingFaceConfig read(Path file) throws IOException {
    ConfigSection root = new ConfigSection(StrictJson.read(file), file.toString());
    String type = root.string("model_type").orElse("none");
    if (!type.equals(BOTH_TYPE) && !type.equals(VISION_ONLY_TYPE)) {
      throw root.wrong("model_type", BOTH_TYPE + " or " + VISION_ONLY_TYPE, type);
    }
    return new HuggingFaceConfig(root, type.equals(VISION_ONLY_TYPE));
  }

  /** Whether a file is a {@code config.json} of CLIP. */
  public static boolean isClip(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      return false;
    }
    ConfigSection root = new ConfigSection(StrictJson.read(file), file.toString());
    String type = root.string("model_type").orElse("none");
    return type.equals(BOTH_TYPE) || type.equals(VISION_ONLY_TYPE);
  }

  /** Whether the configuration has no text tower. */
  boolean isVisionOnly() {
    return isVisionOnly;
  }

  /** The class that saved it, where it says so. */
  Optional<String> architecture() throws ModelFormatException {
    return root.strings("architectures").stream().findFirst();
  }

  /**
   * The architecture.
   *
   * @param hasText whether the weights have a text tower
   * @param hasProjection whether the weights have a projection of images
   * @param directory where a {@code preprocessor_config.json} may lie
   */
  ClipConfig toClipConfig(boolean hasText, boolean hasProjection, Path directory)
      throws IOException {
    ConfigSection vision = isVisionOnly ? root : tower("vision_config");
    PixelNormalization normalization = normalization(directory);
    return ModelFormatException.whereFileIsWrong(
        root.origin(), () -> clipConfig(vision, hasText, hasProjection, normalization));
  }

  private ClipConfig clipConfig(
      ConfigSection vision,
      boolean hasText,
      boolean hasProjection,
      PixelNormalization normalization)
      throws ModelFormatException {
    if (hasText) {
      int size = root.size("projection_dim", MAX_SIZE, DEFAULT_PROJECTION);
      return new ClipConfig(
          visionConfig(vision, size),
          Optional.of(textConfig(tower("text_config"), size)),
          normalization);
    }
    int size =
        hasProjection
            ? (vision.has("projection_dim") ? vision : root)
                .size("projection_dim", MAX_SIZE, DEFAULT_PROJECTION)
            : vision.size("hidden_size", MAX_SIZE, 768);
    return new ClipConfig(visionConfig(vision, size), Optional.empty(), normalization);
  }

  /**
   * How pictures become pixels: the values of {@code preprocessor_config.json}, or of {@code
   * processor_config.json} where that is all there is, as transformers 5 writes it.
   *
   * @return the values; empty where neither file has any
   */
  public static Optional<ConfigSection> imageProcessor(Path directory) throws IOException {
    Path file = directory.resolve(PREPROCESSOR);
    if (Files.exists(file)) {
      return Optional.of(new ConfigSection(StrictJson.read(file), file.toString()));
    }
    Path processor = directory.resolve(PROCESSOR);
    return Files.exists(processor)
        ? new ConfigSection(StrictJson.read(processor), processor.toString())
            .section("image_processor")
        : Optional.empty();
  }

  /** How pictures become pixels, where that is not CLIP's own way. */
  public static Optional<ClipPreprocessing> pictures(Path directory, ClipConfig config)
      throws IOException {
    Optional<ConfigSection> section = imageProcessor(directory);
    return section.isEmpty()
        ? Optional.empty()
        : PictureSettings.ofHuggingFace(section.get(), config.vision().imageSize());
  }

  /** The mean and deviation of the files, CLIP's own where there is none. */
  public static PixelNormalization normalization(Path directory) throws IOException {
    Optional<ConfigSection> found = imageProcessor(directory);
    if (found.isEmpty()) {
      log.info("{} has no {}: pixels get CLIP's own mean and std", directory, PREPROCESSOR);
      return PixelNormalization.CLIP;
    }
    ConfigSection section = found.get();
    if (!section.flag("do_normalize", true)) {
      return new PixelNormalization(List.of(0.0, 0.0, 0.0), List.of(1.0, 1.0, 1.0));
    }
    if (!section.has("image_mean") && !section.has("image_std")) {
      return PixelNormalization.CLIP;
    }
    return ModelFormatException.whereFileIsWrong(
        section.origin(),
        () -> new PixelNormalization(section.numbers("image_mean"), section.numbers("image_std")));
  }

  private ConfigSection tower(String key) throws ModelFormatException {
    // Configurations of 2021 carry a "_dict" beside it, which wins in Hugging Face's library.
    Optional<ConfigSection> legacy = root.section(key + "_dict");
    if (legacy.isPresent()) {
      return legacy.get();
    }
    return root.section(key)
        .orElseGet(() -> new ConfigSection(new JsonObject(), root.origin() + " " + key));
  }

  public static VitConfig visionConfig(ConfigSection section, int projection)
      throws ModelFormatException {
    if (section.size("num_channels", MAX_SIZE, 3) != 3) {
      throw section.wrong("num_channels", "3", section.integer("num_channels"));
    }
    return new VitConfig(
        section.size("image_size", MAX_IMAGE, 224),
        section.size("patch_size", MAX_IMAGE, 32),
        section.size("hidden_size", MAX_SIZE, 768),
        section.size("num_hidden_layers", MAX_LAYERS, 12),
        section.size("num_attention_heads", MAX_SIZE, 12),
        section.size("intermediate_size", MAX_SIZE, 3072),
        projection,
        activation(section),
        section.number("layer_norm_eps", DEFAULT_EPSILON));
  }

  private static TextConfig textConfig(ConfigSection section, int projection)
      throws ModelFormatException {
    int end = section.has("eos_token_id") ? section.integer("eos_token_id") : DEFAULT_END_TOKEN;
    return new TextConfig(
        section.size("max_position_embeddings", MAX_SIZE, 77),
        section.size("vocab_size", 1 << 24, 49408),
        section.size("hidden_size", MAX_SIZE, 512),
        section.size("num_hidden_layers", MAX_LAYERS, 12),
        section.size("num_attention_heads", MAX_SIZE, 8),
        section.size("intermediate_size", MAX_SIZE, 2048),
        projection,
        activation(section),
        section.number("layer_norm_eps", DEFAULT_EPSILON),
        end == LEGACY_END_TOKEN ? OptionalInt.empty() : OptionalInt.of(end));
  }

  private static Activation activation(ConfigSection section) throws ModelFormatException {
    String name = section.string("hidden_act").orElse("quick_gelu");
    return switch (name) {
      case "quick_gelu" -> Activation.QUICK_GELU;
      case "gelu" -> Activation.GELU;
      default -> throw section.wrong("hidden_act", "quick_gelu or gelu", name);
    };
  }

  /** The {@code config.json} of an architecture, with no default left out. */
  public static JsonObject toJson(ClipConfig config, DataType type) {
    VisionConfig vision = config.vision();
    JsonObject visionJson = vision.match(HuggingFaceConfig::visionJson, HuggingFaceNames::refuse);
    if (config.text().isEmpty()) {
      return withArchitecture(visionJson, "CLIPVisionModelWithProjection", type);
    }
    JsonObject json = new JsonObject();
    json.addProperty("model_type", BOTH_TYPE);
    json.addProperty("projection_dim", vision.embeddingSize());
    json.add("text_config", textJson(config.text().get()));
    json.add("vision_config", visionJson);
    return withArchitecture(json, "CLIPModel", type);
  }

  private static JsonObject visionJson(VitConfig vision) {
    JsonObject json = new JsonObject();
    json.addProperty("model_type", VISION_ONLY_TYPE);
    json.addProperty("image_size", vision.imageSize());
    json.addProperty("patch_size", vision.patchSize());
    json.addProperty("num_channels", 3);
    addTransformer(
        json,
        new int[] {vision.width(), vision.layers(), vision.heads(), vision.mlpWidth()},
        vision.activation(),
        vision.layerNormEpsilon());
    json.addProperty("projection_dim", vision.embeddingSize());
    return json;
  }

  private static JsonObject textJson(TextConfig text) {
    JsonObject json = new JsonObject();
    json.addProperty("model_type", "clip_text_model");
    json.addProperty("max_position_embeddings", text.contextLength());
    json.addProperty("vocab_size", text.vocabularySize());
    addTransformer(
        json,
        new int[] {text.width(), text.layers(), text.heads(), text.mlpWidth()},
        text.activation(),
        text.layerNormEpsilon());
    json.addProperty("eos_token_id", text.endToken().orElse(LEGACY_END_TOKEN));
    json.addProperty("projection_dim", text.embeddingSize());
    return json;
  }

  private static void addTransformer(
      JsonObject json, int[] widthLayersHeadsMlp, Activation activation, double epsilon) {
    json.addProperty("hidden_size", widthLayersHeadsMlp[0]);
    json.addProperty("num_hidden_layers", widthLayersHeadsMlp[1]);
    json.addProperty("num_attention_heads", widthLayersHeadsMlp[2]);
    json.addProperty("intermediate_size", widthLayersHeadsMlp[3]);
    json.addProperty("hidden_act", activation == Activation.QUICK_GELU ? "quick_gelu" : "gelu");
    json.addProperty("layer_norm_eps", epsilon);
  }

  private static JsonObject withArchitecture(JsonObject json, String name, DataType type) {
    JsonArray names = new JsonArray();
    names.add(name);
    json.add("architectures", names);
    json.addProperty("torch_dtype", type == DataType.FLOAT16 ? "float16" : "float32");
    return json;
  }

  /**
   * The {@code tokenizer_config.json} beside a {@code tokenizer.json}.
   *
   * @param start what stands before every text
   * @param end what stands after it, and fills up shorter texts
   * @param contextLength of the text tower
   */
  public static JsonObject tokenizerJson(String start, String end, int contextLength) {
    JsonObject json = new JsonObject();
    json.addProperty("tokenizer_class", "PreTrainedTokenizerFast");
    json.addProperty("model_max_length", contextLength);
    json.addProperty("bos_token", start);
    for (String role : List.of("eos_token", "pad_token", "unk_token")) {
      json.addProperty(role, end);
    }
    json.addProperty("clean_up_tokenization_spaces", false);
    return json;
  }

  /** The {@code preprocessor_config.json} of an architecture. */
  public static JsonObject preprocessorJson(
      ClipConfig config, Optional<ClipPreprocessing> preprocessing) {
    int imageSize = config.vision().imageSize();
    JsonObject json = new JsonObject();
    json.addProperty("image_processor_type", "CLIPImageProcessor");
    json.addProperty("do_convert_rgb", true);
    json.addProperty("do_resize", true);
    JsonObject shortest = new JsonObject();
    shortest.addProperty("shortest_edge", imageSize);
    JsonObject whole = new JsonObject();
    whole.addProperty("height", imageSize);
    whole.addProperty("width", imageSize);
    boolean isSquash =
        preprocessing.filter(own -> own.resizeMode() instanceof ResizeMode.Squash).isPresent();
    Interpolation filter =
        preprocessing.map(ClipPreprocessing::interpolation).orElse(Interpolation.BICUBIC);
    json.add("size", isSquash ? whole : shortest);
    json.addProperty(
        "resample", filter == Interpolation.BICUBIC ? 3 : filter == Interpolation.BILINEAR ? 2 : 0);
    json.addProperty("do_center_crop", !isSquash);
    json.add("crop_size", whole);
    json.addProperty("do_rescale", true);
    json.addProperty("rescale_factor", 1 / 255.0);
    json.addProperty("do_normalize", true);
    json.add("image_mean", numbers(config.normalization().mean()));
    json.add("image_std", numbers(config.normalization().std()));
    return json;
  }

  private static JsonArray numbers(List<Double> values) {
    JsonArray array = new JsonArray();
    values.forEach(array::add);
    return array;
  }
}
