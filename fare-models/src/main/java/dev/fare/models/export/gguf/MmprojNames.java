package dev.fare.models.export.gguf;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What llama.cpp calls the tensors of a LLaVA's vision tower and projector, and what Hugging Face
 * does.
 *
 * @param swapsMlp whether a block's first layer is {@code ffn_down}, as in the files of the old
 *     script, which took the names from the wrong end; the current one says {@code ffn_up}
 */
record MmprojNames(boolean swapsMlp) {

  private static final Map<String, String> WHOLE =
      Map.of(
          "v.class_embd", "vision_model.embeddings.class_embedding",
          "v.patch_embd.weight", "vision_model.embeddings.patch_embedding.weight",
          "v.position_embd.weight", "vision_model.embeddings.position_embedding.weight");

  private static final Map<String, String> PAIRS =
      Map.of(
          "v.pre_ln", "vision_model.pre_layrnorm",
          "v.post_ln", "vision_model.post_layernorm",
          "mm.0", "multi_modal_projector.linear_1",
          "mm.2", "multi_modal_projector.linear_2");

  private static final String BLOCK = "v.blk.";

  private static final List<String> LAYERS =
      List.of("attn_q", "attn_k", "attn_v", "attn_out", "ln1", "ln2", "ffn_down", "ffn_up");

  /** All names of a file with some blocks and no normalisation after them. */
  static List<String> of(int blocks) {
    List<String> modules = new ArrayList<>(List.of("v.pre_ln"));
    for (int i = 0; i < blocks; i++) {
      for (String layer : LAYERS) {
        modules.add(BLOCK + i + "." + layer);
      }
    }
    modules.addAll(List.of("mm.0", "mm.2"));
    List<String> names =
        new ArrayList<>(List.of("v.class_embd", "v.patch_embd.weight", "v.position_embd.weight"));
    for (String module : modules) {
      names.add(module + ".weight");
      names.add(module + ".bias");
    }
    return names;
  }

  /** Hugging Face's name of a tensor; empty for one that a LLaVA does not have. */
  Optional<String> huggingFace(String name) {
    if (WHOLE.containsKey(name)) {
      return Optional.ofNullable(WHOLE.get(name));
    }
    int dot = name.lastIndexOf('.');
    String kind = name.substring(dot + 1);
    if (dot < 0 || !(kind.equals("weight") || kind.equals("bias"))) {
      return Optional.empty();
    }
    String module = name.substring(0, dot);
    Optional<String> target =
        module.startsWith(BLOCK) ? ofBlock(module) : Optional.ofNullable(PAIRS.get(module));
    return target.map(found -> found + "." + kind);
  }

  private Optional<String> ofBlock(String module) {
    String rest = module.substring(BLOCK.length());
    int dot = rest.indexOf('.');
    if (dot < 1 || !rest.substring(0, dot).matches("[0-9]{1,4}")) {
      return Optional.empty();
    }
    Map<String, String> layers = new LinkedHashMap<>();
    layers.put("attn_q", "self_attn.q_proj");
    layers.put("attn_k", "self_attn.k_proj");
    layers.put("attn_v", "self_attn.v_proj");
    layers.put("attn_out", "self_attn.out_proj");
    layers.put("ln1", "layer_norm1");
    layers.put("ln2", "layer_norm2");
    layers.put(swapsMlp ? "ffn_down" : "ffn_up", "mlp.fc1");
    layers.put(swapsMlp ? "ffn_up" : "ffn_down", "mlp.fc2");
    return Optional.ofNullable(layers.get(rest.substring(dot + 1)))
        .map(layer -> "vision_model.encoder.layers." + rest.substring(0, dot) + "." + layer);
  }
}
