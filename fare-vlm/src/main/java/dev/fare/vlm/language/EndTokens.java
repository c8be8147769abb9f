package dev.fare.vlm.language;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.gson.JsonElement;
import dev.fare.io.ModelFormatException;
import dev.fare.io.StrictJson;
import dev.fare.models.format.ConfigSection;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The tokens that end a text, as a checkpoint's files name them.
 *
 * @param ids any of them ends a text; the first is the one that ends a training text
 */
public record EndTokens(List<Integer> ids) {

  private static final String GENERATION_CONFIG = "generation_config.json";
  private static final String KEY = "eos_token_id";

  /** What Hugging Face documents for LlamaConfig. */
  private static final int LLAMA_DEFAULT = 2;

  /**
   * Copies the list.
   *
   * @throws IllegalArgumentException if it is empty
   */
  public EndTokens {
    ids = List.copyOf(ids);
    checkArgument(!ids.isEmpty(), "there must be at least one token that ends a text, got none");
  }

  /** From {@code generation_config.json}, else from the model's configuration. */
  static EndTokens read(Path directory, LlamaSection section) throws IOException {
    Path file = directory.resolve(GENERATION_CONFIG);
    if (Files.exists(file)) {
      Optional<EndTokens> found = find(new ConfigSection(StrictJson.read(file), file.toString()));
      if (found.isPresent()) {
        return found.get();
      }
    }
    for (ConfigSection candidate : section.sections()) {
      Optional<EndTokens> found = find(candidate);
      if (found.isPresent()) {
        return found.get();
      }
    }
    return new EndTokens(List.of(LLAMA_DEFAULT));
  }

  private static Optional<EndTokens> find(ConfigSection section) throws ModelFormatException {
    if (!section.has(KEY)) {
      return Optional.empty();
    }
    JsonElement value = section.values().get(KEY);
    if (!value.isJsonArray()) {
      return Optional.of(new EndTokens(List.of(section.integer(KEY))));
    }
    List<Integer> ids = section.numbers(KEY).stream().map(Double::intValue).toList();
    return ids.isEmpty() ? Optional.empty() : Optional.of(new EndTokens(ids));
  }
}
