package dev.fare.vlm.llava;

import ai.djl.ndarray.types.Shape;
import dev.fare.image.PixelNormalization;
import dev.fare.io.LazyTensor;
import dev.fare.io.ModelFormatException;
import dev.fare.io.StrictJson;
import dev.fare.models.TokenLayer;
import dev.fare.models.format.ClipCheckpoint;
import dev.fare.models.format.ClipConfig;
import dev.fare.models.format.ConfigSection;
import dev.fare.models.format.TensorMatcher;
import dev.fare.models.format.WeightDirectory;
import dev.fare.models.format.huggingface.HuggingFaceConfig;
import dev.fare.models.format.huggingface.HuggingFaceNames;
import dev.fare.models.format.huggingface.HuggingFaceReader;
import dev.fare.models.vision.VitConfig;
import dev.fare.vlm.language.LanguageCheckpoint;
import dev.fare.vlm.language.LlamaConfig;
import dev.fare.vlm.language.LlamaSection;
import dev.fare.vlm.language.LlavaNames;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Reads directories of Hugging Face's LLaVA and of the original authors'. */
final class LlavaReader {

  static final String MODEL_TYPE = "llava";

  /** An id that no vocabulary has: what the original code writes for an image. */
  private static final int ORIGINAL_IMAGE_TOKEN = -200;

  /** Hugging Face's defaults for LlavaConfig. */
  private static final int DEFAULT_IMAGE_TOKEN = 32_000;

  private static final int DEFAULT_LAYER = -2;
  private static final String LAYER = "vision_feature_layer";
  private static final String ORIGINAL_LAYER = "mm_vision_select_layer";

  private final Path directory;
  private final ConfigSection config;
  private final boolean isOriginal;
  private final LlamaSection llama;

  private LlavaReader(Path directory) throws IOException {
    this.directory = directory;
    Path file = directory.resolve(HuggingFaceConfig.CONFIG);
    config = new ConfigSection(StrictJson.read(file), file.toString());
    String type = config.string("model_type").orElse("none");
    isOriginal = config.has("mm_vision_tower");
    if (!type.equals(MODEL_TYPE) && !(isOriginal && type.equals("llava_llama"))) {
      throw config.wrong("model_type", MODEL_TYPE, type);
    }
    Optional<ConfigSection> text = config.section("text_config");
    if (!isOriginal && text.isEmpty()) {
      throw config.wrong("text_config", "an object", null);
    }
    llama =
        isOriginal
            ? new LlamaSection(config, Optional.empty())
            : new LlamaSection(text.orElseThrow(), Optional.of(config));
    checkTextModel();
  }

  private void checkTextModel() throws ModelFormatException {
    if (!isOriginal) {
      ConfigSection text = llama.section();
      String type = text.string("model_type").orElse(LlamaSection.MODEL_TYPE);
      if (!type.equals(LlamaSection.MODEL_TYPE)) {
        throw text.wrong("model_type", LlamaSection.MODEL_TYPE, type);
      }
    }
  }

  static LlavaCheckpoint read(Path directory, @Nullable ClipCheckpoint vision) throws IOException {
    return new LlavaReader(directory).read(vision);
  }

  private LlavaCheckpoint read(@Nullable ClipCheckpoint given) throws IOException {
    WeightDirectory files = WeightDirectory.need(directory, HuggingFaceReader.WEIGHTS);
    Map<String, LazyTensor> stored = LlavaNames.unify(files.tensors());
    Map<String, LazyTensor> ofVision = LlavaNames.takeOut(stored, LlavaNames.VISION);
    Map<String, LazyTensor> ofProjector = LlavaNames.takeOut(stored, LlavaNames.PROJECTOR);
    Map<String, LazyTensor> ofLanguage = LlavaNames.takeOut(stored, LlavaNames.LANGUAGE);
    ofLanguage.putAll(stored); // whatever else is there is left over, and an error
    ClipCheckpoint vision = given != null ? given : vision(ofVision, files.origin());
    LlavaConfig llava = isOriginal ? originalConfig() : huggingFaceConfig();
    LanguageCheckpoint language =
        LanguageCheckpoint.of(llama, ofLanguage, directory, files.origin());
    checkToken("pad_token_id", llava.padToken(), language.config());
    checkToken("image_token_index", llava.imageToken(), language.config());
    int tokenWidth =
        ModelFormatException.whereFileIsWrong(
            config.origin() + ": " + (isOriginal ? ORIGINAL_LAYER : LAYER),
            () -> LlavaCheckpoint.tokenWidth(llava, vision.config().vision()));
    Map<String, Shape> expected =
        LlavaCheckpoint.projectorTensors(tokenWidth, language.config().width());
    Map<String, LazyTensor> projector =
        TensorMatcher.match(expected, Map.of(), ofProjector, files.origin(), config.origin());
    return new LlavaCheckpoint(
        llava,
        vision,
        LlavaCheckpoint.inOrder(expected, projector),
        language,
        directory.toString());
  }

  /** Below 0 a token stands for something else than words. */
  private void checkToken(String key, int token, LlamaConfig language) throws ModelFormatException {
    if (token >= language.vocabularySize()) {
      throw config.wrong(key, "below the vocabulary's size of " + language.vocabularySize(), token);
    }
  }

  private ClipCheckpoint vision(Map<String, LazyTensor> stored, String weights) throws IOException {
    Optional<ConfigSection> section = config.section("vision_config");
    if (isOriginal || section.isEmpty()) {
      throw new ModelFormatException(
          directory
              + ": the architecture of the vision tower"
              + config.string("mm_vision_tower").map(name -> " " + name).orElse("")
              + " is not described here; name a directory of this CLIP when loading");
    }
    String type = section.get().string("model_type").orElse(HuggingFaceConfig.VISION_ONLY_TYPE);
    if (!type.equals(HuggingFaceConfig.VISION_ONLY_TYPE)) {
      throw section.get().wrong("model_type", HuggingFaceConfig.VISION_ONLY_TYPE, type);
    }
    // the tower has no projection of its own, and its embedding is the pooled class token
    int width = section.get().size("hidden_size", 1 << 20, 768);
    VitConfig tower =
        ModelFormatException.whereFileIsWrong(
            section.get().origin(), () -> HuggingFaceConfig.visionConfig(section.get(), width));
    PixelNormalization normalization = HuggingFaceConfig.normalization(directory);
    ClipConfig clip = new ClipConfig(tower, Optional.empty(), normalization);
    Map<String, LazyTensor> all =
        new LinkedHashMap<>(HuggingFaceNames.withoutWrapper(stored, weights));
    all.put(HuggingFaceNames.VISION_PROJECTION, new HuggingFaceReader.Identity(width));
    Map<String, LazyTensor> tensors =
        TensorMatcher.match(
            clip.tensors(), HuggingFaceNames.vision(tower), all, weights, section.get().origin());
    return new ClipCheckpoint(clip, tensors, Optional.empty(), directory.toString());
  }

  private LlavaConfig huggingFaceConfig() throws IOException {
    String activation = config.string("projector_hidden_act").orElse("gelu");
    if (!activation.equals("gelu")) {
      throw config.wrong("projector_hidden_act", "gelu", activation);
    }
    if (!config.flag("multimodal_projector_bias", true)) {
      throw config.wrong("multimodal_projector_bias", "true", false);
    }
    int layer = config.has(LAYER) ? config.integer(LAYER) : DEFAULT_LAYER;
    String strategy = config.string("vision_feature_select_strategy").orElse("default");
    if (!strategy.equals("default") && !strategy.equals("full")) {
      throw config.wrong("vision_feature_select_strategy", "default or full", strategy);
    }
    String imageKey = config.has("image_token_id") ? "image_token_id" : "image_token_index";
    int image = config.has(imageKey) ? config.integer(imageKey) : DEFAULT_IMAGE_TOKEN;
    return new LlavaConfig(
        new TokenLayer(layer, false, strategy.equals("full")), image, pad(), padsToSquare());
  }

  /** The original's settings, whose names begin with mm_. */
  private LlavaConfig originalConfig() throws ModelFormatException {
    String projector = config.string("mm_projector_type").orElse("linear");
    if (!projector.equals("mlp2x_gelu")) {
      throw config.wrong("mm_projector_type", "mlp2x_gelu", projector);
    }
    if (config.flag("mm_use_im_start_end", false)) {
      throw config.wrong("mm_use_im_start_end", "false", true);
    }
    String feature = config.string("mm_vision_select_feature").orElse("patch");
    if (!feature.equals("patch") && !feature.equals("cls_patch")) {
      throw config.wrong("mm_vision_select_feature", "patch or cls_patch", feature);
    }
    int layer = config.has(ORIGINAL_LAYER) ? config.integer(ORIGINAL_LAYER) : DEFAULT_LAYER;
    boolean pads = config.string("image_aspect_ratio").orElse("square").equals("pad");
    return new LlavaConfig(
        new TokenLayer(layer, false, feature.equals("cls_patch")),
        ORIGINAL_IMAGE_TOKEN,
        pad(),
        pads);
  }

  private int pad() throws ModelFormatException {
    for (ConfigSection candidate : new ConfigSection[] {config, llama.section()}) {
      if (candidate.has("pad_token_id")) {
        return candidate.integer("pad_token_id");
      }
    }
    return 0;
  }

  private boolean padsToSquare() throws IOException {
    Optional<ConfigSection> processor = HuggingFaceConfig.imageProcessor(directory);
    return processor.isPresent() && processor.get().flag("do_pad", false);
  }
}
