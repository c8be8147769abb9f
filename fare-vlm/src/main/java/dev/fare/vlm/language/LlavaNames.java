package dev.fare.vlm.language;

import dev.fare.io.LazyTensor;
import dev.fare.models.format.huggingface.HuggingFaceNames;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The tensors of a LLaVA under one set of names, whichever of three generations they were written
 * in: Hugging Face's released checkpoints, its library from 4.52 on, the original authors'.
 */
public final class LlavaNames {

  public static final String VISION = "vision.";
  public static final String PROJECTOR = "projector.";
  public static final String LANGUAGE = "language.";

  /** What a name starts with and what takes its place; the first that fits counts. */
  private static final Map<String, String> PREFIXES = new LinkedHashMap<>();

  static {
    PREFIXES.put("model.vision_tower.vision_tower.", VISION);
    PREFIXES.put("model.vision_tower.", VISION);
    PREFIXES.put("vision_tower.", VISION);
    PREFIXES.put("model.mm_projector.0.", PROJECTOR + "linear_1.");
    PREFIXES.put("model.mm_projector.2.", PROJECTOR + "linear_2.");
    PREFIXES.put("mm_projector.0.", PROJECTOR + "linear_1.");
    PREFIXES.put("mm_projector.2.", PROJECTOR + "linear_2.");
    PREFIXES.put("model.multi_modal_projector.", PROJECTOR);
    PREFIXES.put("multi_modal_projector.", PROJECTOR);
    PREFIXES.put("language_model.lm_head.", LANGUAGE + "lm_head.");
    PREFIXES.put("lm_head.", LANGUAGE + "lm_head.");
    PREFIXES.put("model.language_model.", LANGUAGE);
    PREFIXES.put("language_model.model.", LANGUAGE);
    PREFIXES.put("model.", LANGUAGE);
  }

  private LlavaNames() {}

  /** All tensors that are weights, renamed; what nobody knows keeps its name. */
  public static Map<String, LazyTensor> unify(Map<String, LazyTensor> stored) {
    Map<String, LazyTensor> unified = new LinkedHashMap<>();
    stored.forEach(
        (name, tensor) -> {
          if (!isConstant(name)) {
            unified.put(unify(name), tensor);
          }
        });
    return unified;
  }

  private static String unify(String name) {
    Optional<Map.Entry<String, String>> fitting =
        PREFIXES.entrySet().stream().filter(entry -> name.startsWith(entry.getKey())).findFirst();
    return fitting
        .map(entry -> entry.getValue() + name.substring(entry.getKey().length()))
        .orElse(name);
  }

  /** Tables that old versions saved along with the weights. */
  private static boolean isConstant(String name) {
    return name.endsWith(".rotary_emb.inv_freq") || HuggingFaceNames.isConstant(name);
  }

  /** Removes the tensors of one part, and gives them without its prefix. */
  public static Map<String, LazyTensor> takeOut(Map<String, LazyTensor> unified, String part) {
    Map<String, LazyTensor> taken = new LinkedHashMap<>();
    unified
        .entrySet()
        .removeIf(
            entry -> {
              boolean fits = entry.getKey().startsWith(part);
              if (fits) {
                taken.put(entry.getKey().substring(part.length()), entry.getValue());
              }
              return fits;
            });
    return taken;
  }
}
