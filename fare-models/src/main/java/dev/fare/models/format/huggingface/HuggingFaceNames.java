package dev.fare.models.format.huggingface;

import dev.fare.io.LazyTensor;
import dev.fare.io.ModelFormatException;
import dev.fare.models.format.ClipConfig;
import dev.fare.models.format.WeightMapping;
import dev.fare.models.vision.VisionConfig;
import dev.fare.models.vision.VitConfig;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** Where the canonical tensors lie in Hugging Face's CLIPModel. */
public final class HuggingFaceNames {

  /** What a vision tower's tensors start with; transformers 5.6 and later leave it out. */
  static final String VISION_PREFIX = "vision_model.";

  private static final String CLASS_EMBEDDING = "embeddings.class_embedding";

  private static final Pattern VISION_PARTS =
      Pattern.compile("(embeddings|pre_layrnorm|encoder|post_layernorm)\\..*");

  /** What all tensors of the text tower but its projection start with. */
  static final String TEXT_PREFIX = "text_model.";

  public static final String VISION_PROJECTION = "visual_projection.weight";

  private HuggingFaceNames() {}

  /** The recipes of all tensors of both towers. */
  public static Map<String, WeightMapping> of(ClipConfig config) {
    Map<String, WeightMapping> recipes = vision(config.vision());
    config.text().ifPresent(text -> putText(recipes, text.layers()));
    return recipes;
  }

  /** Whether there are names for a vision tower. */
  public static boolean has(VisionConfig vision) {
    return vision.match(vit -> true, convNext -> false);
  }

  /**
   * The recipes of the vision tower.
   *
   * @throws IllegalArgumentException if there are none
   */
  public static Map<String, WeightMapping> vision(VisionConfig vision) {
    return vision.match(HuggingFaceNames::transformer, HuggingFaceNames::refuse);
  }

  static <R> R refuse(VisionConfig vision) {
    throw new IllegalArgumentException(
        "Hugging Face's CLIP has vision transformers only, got " + vision);
  }

  private static Map<String, WeightMapping> transformer(VitConfig vision) {
    Map<String, WeightMapping> recipes = new LinkedHashMap<>();
    String embeddings = "vision_model.embeddings.";
    copy(recipes, "visual.class_embedding", embeddings + "class_embedding");
    copy(recipes, "visual.conv1.weight", embeddings + "patch_embedding.weight");
    copy(recipes, "visual.positional_embedding", embeddings + "position_embedding.weight");
    pair(recipes, "visual.ln_pre", "vision_model.pre_layrnorm");
    for (int i = 0; i < vision.layers(); i++) {
      block(recipes, "visual.transformer.resblocks." + i, "vision_model.encoder.layers." + i);
    }
    pair(recipes, "visual.ln_post", "vision_model.post_layernorm");
    recipes.put("visual.proj", WeightMapping.transposeOf(VISION_PROJECTION));
    return recipes;
  }

  /** Whether tensors have these names, whatever stands before them. */
  public static boolean areIn(Map<String, ?> tensors) {
    return tensors.keySet().stream().anyMatch(name -> name.endsWith(CLASS_EMBEDDING));
  }

  /**
   * The tensors without what models that wrap a CLIPModel put before their names.
   *
   * @throws ModelFormatException if there is no vision tower, or more than one
   */
  public static Map<String, LazyTensor> withoutWrapper(
      Map<String, LazyTensor> tensors, String origin) throws ModelFormatException {
    List<String> marks =
        tensors.keySet().stream().filter(name -> name.endsWith(CLASS_EMBEDDING)).toList();
    if (marks.size() != 1) {
      throw new ModelFormatException(
          origin
              + ": exactly one tensor must be named '…"
              + VISION_PREFIX
              + CLASS_EMBEDDING
              + "', found "
              + marks);
    }
    String mark = marks.get(0);
    boolean isNamed = mark.endsWith(VISION_PREFIX + CLASS_EMBEDDING);
    String wrapper =
        mark.substring(
            0, mark.length() - CLASS_EMBEDDING.length() - (isNamed ? VISION_PREFIX.length() : 0));
    Map<String, LazyTensor> plain = new LinkedHashMap<>();
    tensors.forEach(
        (name, tensor) -> {
          if (!isConstant(name)) {
            String inner = name.startsWith(wrapper) ? name.substring(wrapper.length()) : name;
            boolean isBare = !isNamed && VISION_PARTS.matcher(inner).matches();
            plain.put(isBare ? VISION_PREFIX + inner : inner, tensor);
          }
        });
    return plain;
  }

  /** Whether a tensor is a constant that old versions saved along with the weights. */
  public static boolean isConstant(String name) {
    return name.endsWith(".embeddings.position_ids");
  }

  private static void putText(Map<String, WeightMapping> recipes, int layers) {
    String embeddings = TEXT_PREFIX + "embeddings.";
    copy(recipes, "token_embedding.weight", embeddings + "token_embedding.weight");
    copy(recipes, "positional_embedding", embeddings + "position_embedding.weight");
    for (int i = 0; i < layers; i++) {
      block(recipes, "transformer.resblocks." + i, TEXT_PREFIX + "encoder.layers." + i);
    }
    pair(recipes, "ln_final", TEXT_PREFIX + "final_layer_norm");
    recipes.put("text_projection", WeightMapping.transposeOf("text_projection.weight"));
    copy(recipes, "logit_scale", "logit_scale");
  }

  private static void block(Map<String, WeightMapping> recipes, String canonical, String layer) {
    pair(recipes, canonical + ".ln_1", layer + ".layer_norm1");
    String attention = layer + ".self_attn.";
    for (String kind : new String[] {"weight", "bias"}) {
      recipes.put(
          canonical + ".attn.in_proj_" + kind,
          WeightMapping.joinOf(
              attention + "q_proj." + kind,
              attention + "k_proj." + kind,
              attention + "v_proj." + kind));
    }
    pair(recipes, canonical + ".attn.out_proj", attention + "out_proj");
    pair(recipes, canonical + ".ln_2", layer + ".layer_norm2");
    pair(recipes, canonical + ".mlp.c_fc", layer + ".mlp.fc1");
    pair(recipes, canonical + ".mlp.c_proj", layer + ".mlp.fc2");
  }

  private static void pair(Map<String, WeightMapping> recipes, String canonical, String name) {
    copy(recipes, canonical + ".weight", name + ".weight");
    copy(recipes, canonical + ".bias", name + ".bias");
  }

  private static void copy(Map<String, WeightMapping> recipes, String canonical, String name) {
    recipes.put(canonical, WeightMapping.copyOf(name));
  }
}
