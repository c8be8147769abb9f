package dev.fare.models.format.openclip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.fare.io.ModelFormatException;
import dev.fare.io.StrictJson;
import dev.fare.models.format.ClipArchitectures;
import dev.fare.models.format.ClipConfig;
import dev.fare.models.format.ShapesOnly;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The model configurations that open_clip publishes, by their numbers: image, patch, width, layers,
 * head width and MLP ratio where it is stated, embedding, and width, heads and layers of the text
 * tower. What is left out there takes open_clip's default.
 */
class PublishedOpenClipConfigsTest {

  @TempDir Path directory;

  @ParameterizedTest
  @CsvSource({
    "ViT-B-32,               224, 32,  768, 12,    ,       ,  512,  512,  8, 12",
    "ViT-B-32-quickgelu,     224, 32,  768, 12,    ,       ,  512,  512,  8, 12",
    "ViT-B-32-256,           256, 32,  768, 12,    ,       ,  512,  512,  8, 12",
    "ViT-B-32-plus-256,      256, 32,  896, 12,    ,       ,  640,  640, 10, 12",
    "ViT-B-16,               224, 16,  768, 12,    ,       ,  512,  512,  8, 12",
    "ViT-B-16-quickgelu,     224, 16,  768, 12,    ,       ,  512,  512,  8, 12",
    "ViT-B-16-plus-240,      240, 16,  896, 12,    ,       ,  640,  640, 10, 12",
    "ViT-L-16,               224, 16, 1024, 24,    ,       ,  768,  768, 12, 12",
    "ViT-L-16-320,           320, 16, 1024, 24,    ,       ,  768,  768, 12, 12",
    "ViT-L-14,               224, 14, 1024, 24,    ,       ,  768,  768, 12, 12",
    "ViT-L-14-quickgelu,     224, 14, 1024, 24,    ,       ,  768,  768, 12, 12",
    "ViT-L-14-280,           280, 14, 1024, 24,    ,       ,  768,  768, 12, 12",
    "ViT-L-14-336,           336, 14, 1024, 24,    ,       ,  768,  768, 12, 12",
    "ViT-L-14-336-quickgelu, 336, 14, 1024, 24,    ,       ,  768,  768, 12, 12",
    "ViT-H-16,               224, 16, 1280, 32,  80,       , 1024, 1024, 16, 24",
    "ViT-H-14,               224, 14, 1280, 32,  80,       , 1024, 1024, 16, 24",
    "ViT-H-14-quickgelu,     224, 14, 1280, 32,  80,       , 1024, 1024, 16, 24",
    "ViT-H-14-378,           378, 14, 1280, 32,  80,       , 1024, 1024, 16, 24",
    "ViT-H-14-378-quickgelu, 378, 14, 1280, 32,  80,       , 1024, 1024, 16, 24",
    "ViT-g-14,               224, 14, 1408, 40,  88, 4.3637, 1024, 1024, 16, 24",
    "ViT-bigG-14,            224, 14, 1664, 48, 104, 4.9231, 1280, 1280, 20, 32",
    "ViT-bigG-14-quickgelu,  224, 14, 1664, 48, 104, 4.9231, 1280, 1280, 20, 32",
  })
  void readsEveryVisionTransformer(
      String name,
      int imageSize,
      int patchSize,
      int width,
      int layers,
      Integer headWidth,
      Double mlpRatio,
      int embedding,
      int textWidth,
      int textHeads,
      int textLayers)
      throws IOException {
    JsonObject vision = new JsonObject();
    vision.addProperty("image_size", imageSize);
    vision.addProperty("layers", layers);
    vision.addProperty("width", width);
    vision.addProperty("patch_size", patchSize);
    if (headWidth != null) {
      vision.addProperty("head_width", headWidth);
    }
    if (mlpRatio != null) {
      vision.addProperty("mlp_ratio", mlpRatio);
    }
    Path file = write(name, embedding, vision, textWidth, textHeads, textLayers);

    ClipConfig config = OpenClipConfig.read(file, Map.of());

    assertThat(config).isEqualTo(ClipArchitectures.named(name));
  }

  @ParameterizedTest
  @CsvSource({
    "convnext_base,      224, 512, 512,  8",
    "convnext_base_w,    256, 640, 640, 10",
    "convnext_base_w_320, 320, 640, 640, 10",
  })
  void readsEveryConvNextOfSizeB(
      String name, int imageSize, int embedding, int textWidth, int textHeads) throws IOException {
    Path file = write(name, embedding, convNext(imageSize), textWidth, textHeads, 12);
    ClipConfig expected = ClipArchitectures.named(name);

    ClipConfig config = OpenClipConfig.read(file, ShapesOnly.of(expected));

    assertThat(config).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({
    "timm_model_name, vit_base_patch32_clip_224, timm_model_name must be one of",
    "timm_proj, mlp, timm_pool and timm_proj must be",
    "timm_pool, map, timm_pool and timm_proj must be",
    "timm_proj_bias, true, timm_proj_bias must be absent",
    "patch_dropout, 0.5, patch_dropout must be absent",
  })
  void refusesOtherTowersOfTimm(String key, String value, String message) throws IOException {
    JsonObject vision = convNext(256);
    vision.addProperty(key, value);
    Path file = write("x", 640, vision, 640, 10, 12);
    ClipConfig config = ClipArchitectures.named("convnext_base_w");

    assertThatThrownBy(() -> OpenClipConfig.read(file, ShapesOnly.of(config)))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining(message);
  }

  /** Every field of open_clip's two tower classes that changes what a tower computes. */
  @ParameterizedTest
  @CsvSource({
    "vision_cfg, ls_init_value, 0.1",
    "vision_cfg, attentional_pool, true",
    "vision_cfg, no_ln_pre, true",
    "vision_cfg, pos_embed_type, sin_cos_2d",
    "vision_cfg, final_ln_after_pool, true",
    "vision_cfg, pool_type, avg",
    "vision_cfg, act_kwargs, {}",
    "vision_cfg, block_type, custom",
    "vision_cfg, qk_norm, true",
    "vision_cfg, scaled_cosine_attn, true",
    "vision_cfg, scale_heads, true",
    "vision_cfg, scale_attn_inner, true",
    "vision_cfg, scale_attn, true",
    "vision_cfg, scale_fc, true",
    "vision_cfg, input_patchnorm, true",
    "vision_cfg, global_average_pool, true",
    "text_cfg, ls_init_value, 0.1",
    "text_cfg, embed_cls, true",
    "text_cfg, no_causal_mask, true",
    "text_cfg, final_ln_after_pool, true",
    "text_cfg, pool_type, last",
    "text_cfg, proj_bias, true",
    "text_cfg, proj_type, none",
    "text_cfg, act_kwargs, {}",
    "text_cfg, qk_norm, true",
    "text_cfg, text_arch, modern",
    "text_cfg, norm_type, rmsnorm",
    "text_cfg, hf_model_name, roberta-base",
    "text_cfg, hf_tokenizer_name, bert-base",
  })
  void namesTheFieldThatItCannotFollow(String section, String field, String value)
      throws IOException {
    JsonObject vision = new JsonObject();
    Path file = write("x", 512, vision, 512, 8, 12);
    JsonObject json = StrictJson.read(file);
    JsonObject changed = json.getAsJsonObject("model_cfg").getAsJsonObject(section);
    if (value.equals("{}")) {
      changed.add(field, new JsonObject());
    } else if (value.equals("true")) {
      changed.addProperty(field, true);
    } else {
      changed.addProperty(field, value);
    }
    StrictJson.write(file, json);

    assertThatThrownBy(() -> OpenClipConfig.read(file, Map.of()))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining(section)
        .hasMessageContaining(field + " must be");
  }

  @Test
  void takesDefaultsThatAreWrittenOut() throws IOException {
    JsonObject vision = new JsonObject();
    vision.addProperty("pool_type", "tok");
    vision.addProperty("pos_embed_type", "learnable");
    vision.addProperty("output_tokens", true);
    vision.addProperty("no_ln_pre", false);
    vision.addProperty("block_type", "default");
    JsonArray sides = new JsonArray();
    sides.add(224);
    sides.add(224);
    vision.add("image_size", sides);
    Path file = write("ViT-B-16", 512, vision, 512, 8, 12);

    assertThat(OpenClipConfig.read(file, Map.of())).isEqualTo(ClipArchitectures.named("ViT-B-16"));
  }

  private static JsonObject convNext(int imageSize) {
    JsonObject vision = new JsonObject();
    vision.addProperty("timm_model_name", "convnext_base");
    vision.addProperty("timm_model_pretrained", false);
    vision.addProperty("timm_pool", "");
    vision.addProperty("timm_proj", "linear");
    vision.addProperty("timm_drop", 0.0);
    vision.addProperty("timm_drop_path", 0.1);
    vision.addProperty("image_size", imageSize);
    return vision;
  }

  private Path write(
      String name, int embedding, JsonObject vision, int textWidth, int textHeads, int textLayers)
      throws IOException {
    JsonObject text = new JsonObject();
    text.addProperty("context_length", 77);
    text.addProperty("vocab_size", 49408);
    text.addProperty("width", textWidth);
    text.addProperty("heads", textHeads);
    text.addProperty("layers", textLayers);
    JsonObject model = new JsonObject();
    model.addProperty("embed_dim", embedding);
    if (name.endsWith("-quickgelu")) {
      model.addProperty("quick_gelu", true);
    }
    model.add("vision_cfg", vision);
    model.add("text_cfg", text);
    JsonObject json = new JsonObject();
    json.add("model_cfg", model);
    Path file = directory.resolve("open_clip_config.json");
    StrictJson.write(file, json);
    return file;
  }
}
