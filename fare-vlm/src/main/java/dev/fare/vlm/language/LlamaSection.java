package dev.fare.vlm.language;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.fare.io.ModelFormatException;
import dev.fare.models.format.ConfigSection;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The part of a configuration that describes a Llama.
 *
 * <p>A key that is not there has the default that Hugging Face documents for LlamaConfig.
 *
 * @param section the keys of the language model
 * @param whole the configuration around it, where the language model is part of something
 */
public record LlamaSection(ConfigSection section, Optional<ConfigSection> whole) {

  public static final String MODEL_TYPE = "llama";

  private static final int MAX_SIZE = 1 << 20;
  private static final int MAX_VOCABULARY = 1 << 24;
  private static final int MAX_LAYERS = 1024;
  private static final double DEFAULT_EPSILON = 1e-6;
  private static final double DEFAULT_THETA = 10_000;

  /** Where keys may stand, the nearest first. */
  List<ConfigSection> sections() {
    return Stream.concat(Stream.of(section), whole.stream()).toList();
  }

  String origin() {
    return section.origin();
  }

  LlamaConfig toConfig() throws IOException {
    int width = section.size("hidden_size", MAX_SIZE, 4096);
    int heads = section.size("num_attention_heads", MAX_SIZE, 32);
    refuseUnsupported();
    if (!section.has("head_dim") && width % heads != 0) {
      throw section.wrong("hidden_size", "a multiple of num_attention_heads " + heads, width);
    }
    return ModelFormatException.whereFileIsWrong(
        origin(),
        () ->
            new LlamaConfig(
                section.size("vocab_size", MAX_VOCABULARY, 32_000),
                width,
                section.size("num_hidden_layers", MAX_LAYERS, 32),
                heads,
                section.size("num_key_value_heads", MAX_SIZE, heads),
                section.size("head_dim", MAX_SIZE, width / heads),
                section.size("intermediate_size", MAX_SIZE, 11_008),
                section.size("max_position_embeddings", MAX_VOCABULARY, 2048),
                section.number("rms_norm_eps", DEFAULT_EPSILON),
                theta(),
                positionFactor(),
                isTied()));
  }

  /** In a wrapped model the outer configuration may be the only one that says so. */
  private boolean isTied() throws ModelFormatException {
    for (ConfigSection candidate : sections()) {
      if (candidate.has("tie_word_embeddings")) {
        return candidate.flag("tie_word_embeddings", false);
      }
    }
    return false;
  }

  private void refuseUnsupported() throws ModelFormatException {
    String activation = section.string("hidden_act").orElse("silu");
    if (!activation.equals("silu")) {
      throw section.wrong("hidden_act", "silu", activation);
    }
    for (String key : List.of("attention_bias", "mlp_bias")) {
      if (section.flag(key, false)) {
        throw section.wrong(key, "false", true);
      }
    }
  }

  private double theta() throws ModelFormatException {
    Optional<ConfigSection> parameters = section.section("rope_parameters");
    if (parameters.isPresent() && parameters.get().has("rope_theta")) {
      return parameters.get().number("rope_theta");
    }
    return section.number("rope_theta", DEFAULT_THETA);
  }

  private double positionFactor() throws ModelFormatException {
    for (String key : List.of("rope_scaling", "rope_parameters")) {
      Optional<ConfigSection> scaling = section.section(key);
      if (scaling.isPresent()) {
        String type =
            scaling
                .get()
                .string("rope_type")
                .or(() -> typeOfOldKey(scaling.get().values()))
                .orElse("default");
        if (type.equals("linear")) {
          return scaling.get().number("factor");
        }
        if (!type.equals("default")) {
          throw scaling.get().wrong("rope_type", "default or linear", type);
        }
      }
    }
    return 1;
  }

  private static Optional<String> typeOfOldKey(JsonObject scaling) {
    return Optional.ofNullable(scaling.get("type"))
        .filter(JsonElement::isJsonPrimitive)
        .map(JsonElement::getAsString);
  }

  /** The keys of an architecture, with no default left out. */
  public static JsonObject toJson(LlamaConfig config, EndTokens endings) {
    JsonObject json = new JsonObject();
    json.addProperty("model_type", MODEL_TYPE);
    json.addProperty("vocab_size", config.vocabularySize());
    json.addProperty("hidden_size", config.width());
    json.addProperty("num_hidden_layers", config.layers());
    json.addProperty("num_attention_heads", config.heads());
    json.addProperty("num_key_value_heads", config.keyValueHeads());
    json.addProperty("head_dim", config.headSize());
    json.addProperty("intermediate_size", config.mlpWidth());
    json.addProperty("max_position_embeddings", config.contextLength());
    json.addProperty("rms_norm_eps", config.normEpsilon());
    json.addProperty("rope_theta", config.ropeTheta());
    json.addProperty("hidden_act", "silu");
    json.addProperty("tie_word_embeddings", config.isTied());
    json.addProperty("eos_token_id", endings.ids().get(0));
    if (config.positionFactor() != 1) {
      JsonObject scaling = new JsonObject();
      scaling.addProperty("rope_type", "linear");
      scaling.addProperty("factor", config.positionFactor());
      json.add("rope_scaling", scaling);
    }
    return json;
  }
}
