package dev.fare.models.format.openclip;

import java.util.Locale;
import dev.fare.image.ResizeMode;
import dev.fare.image.ClipPreprocessing;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.fare.image.PixelNormalization;
import dev.fare.models.format.ClipConfig;
import dev.fare.models.text.TextConfig;
import dev.fare.models.transformer.Activation;
import dev.fare.models.vision.ConvNextConfig;
import dev.fare.models.vision.VitConfig;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Says an architecture in the words of {@code open_clip_config.json}. */
public final class OpenClipConfigJson {

  private OpenClipConfigJson() {}

  /**
   * The configuration of a model with both towers.
   *
   * @throws IllegalArgumentException if open_clip has no word for it
   */
  public static JsonObject of(ClipConfig config, Optional<ClipPreprocessing> pictures) {
    TextConfig text =
        config
            .text()
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "open_clip's layout is written with a text tower, got " + config));
    boolean isArgMax =
        text.endToken().isEmpty() || text.endToken().getAsInt() == text.vocabularySize() - 1;
    boolean isOneActivation =
        config.vision().match(vit -> vit.activation() == text.activation(), convNext -> true);
    if (!isOneActivation || !isArgMax) {
      throw new IllegalArgumentException(
          "open_clip has one activation for both towers and reads the text embedding at the largest"
              + " id, got "
              + config);
    }
    JsonObject model = new JsonObject();
    model.addProperty("embed_dim", config.vision().embeddingSize());
    model.addProperty("quick_gelu", text.activation() == Activation.QUICK_GELU);
    model.add(
        "vision_cfg",
        config.vision().match(OpenClipConfigJson::visionJson, OpenClipConfigJson::visionJson));
    model.add("text_cfg", textJson(text));
    JsonObject root = new JsonObject();
    root.add("model_cfg", model);
    root.add("preprocess_cfg", preprocessing(config.normalization(), pictures));
    return root;
  }

  private static JsonObject visionJson(VitConfig vision) {
    JsonObject json = new JsonObject();
    json.addProperty("image_size", vision.imageSize());
    json.addProperty("patch_size", vision.patchSize());
    json.addProperty("width", vision.width());
    json.addProperty("layers", vision.layers());
    json.addProperty("head_width", vision.width() / vision.heads());
    addMlpAndNorm(json, vision.width(), vision.mlpWidth(), vision.layerNormEpsilon());
    return json;
  }

  private static JsonObject visionJson(ConvNextConfig vision) {
    List<List<Integer>> sizes = List.of(vision.depths(), vision.widths());
    Optional<String> known =
        OpenClipConfig.CONVNEXTS.entrySet().stream()
            .filter(family -> family.getValue().equals(sizes))
            .map(Map.Entry::getKey)
            .findFirst();
    if (vision.layerNormEpsilon() != OpenClipConfig.CONVNEXT_EPSILON) {
      throw new IllegalArgumentException(
          "open_clip's ConvNeXts have an epsilon of "
              + OpenClipConfig.CONVNEXT_EPSILON
              + ", got "
              + vision);
    }
    JsonObject json = new JsonObject();
    json.addProperty("image_size", vision.imageSize());
    json.addProperty("timm_model_name", known.orElse("convnext_base"));
    if (known.isEmpty()) {
      JsonObject changes = new JsonObject();
      changes.add(OpenClipConfig.DEPTHS, numbers(vision.depths()));
      changes.add(OpenClipConfig.WIDTHS, numbers(vision.widths()));
      json.add(OpenClipConfig.TIMM_CHANGES, changes);
    }
    json.addProperty("timm_pool", "");
    json.addProperty("timm_proj", "linear");
    return json;
  }

  private static JsonObject textJson(TextConfig text) {
    JsonObject json = new JsonObject();
    json.addProperty("context_length", text.contextLength());
    json.addProperty("vocab_size", text.vocabularySize());
    json.addProperty("width", text.width());
    json.addProperty("layers", text.layers());
    json.addProperty("heads", text.heads());
    addMlpAndNorm(json, text.width(), text.mlpWidth(), text.layerNormEpsilon());
    return json;
  }

  private static void addMlpAndNorm(JsonObject json, int width, int mlpWidth, double epsilon) {
    double ratio = (double) mlpWidth / width;
    // open_clip cuts the product off, so it must not fall below the whole number.
    json.addProperty("mlp_ratio", (int) (width * ratio) == mlpWidth ? ratio : Math.nextUp(ratio));
    if (epsilon != OpenClipConfig.DEFAULT_EPSILON) {
      JsonObject norm = new JsonObject();
      norm.addProperty("eps", epsilon);
      json.add("norm_kwargs", norm);
    }
  }

  private static JsonObject preprocessing(
      PixelNormalization normalization, Optional<ClipPreprocessing> pictures) {
    JsonObject json = new JsonObject();
    json.add("mean", numbers(normalization.mean()));
    json.add("std", numbers(normalization.std()));
    json.addProperty(
        "interpolation",
        pictures
            .map(own -> own.interpolation().name().toLowerCase(Locale.ROOT))
            .orElse("bicubic"));
    boolean isSquash =
        pictures.filter(own -> own.resizeMode() instanceof ResizeMode.Squash).isPresent();
    json.addProperty("resize_mode", isSquash ? "squash" : "shortest");
    return json;
  }

  private static JsonArray numbers(List<? extends Number> values) {
    JsonArray array = new JsonArray();
    values.forEach(array::add);
    return array;
  }
}
