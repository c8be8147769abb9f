package dev.fare.models.hub;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.fare.io.StrictJson;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Chooses the files of a repository that a CLIP model consists of. */
final class WantedFiles {

  private static final Set<String> SMALL =
      Set.of(
          "config.json",
          "preprocessor_config.json",
          "processor_config.json",
          "tokenizer.json",
          "tokenizer_config.json",
          "chat_template.jinja",
          "open_clip_config.json");

  private static final String INDEX = ".index.json";

  /** Weights that go with a config.json, the best first. */
  private static final List<String> HUGGING_FACE =
      List.of(
          "model.safetensors",
          "model.safetensors" + INDEX,
          "pytorch_model.bin",
          "pytorch_model.bin" + INDEX);

  private static final List<String> OPEN_CLIP =
      List.of(
          "open_clip_model.safetensors",
          "open_clip_pytorch_model.safetensors",
          "open_clip_pytorch_model.bin");

  private WantedFiles() {}

  /** Configurations and tokenizer, which say what the weights are. */
  static List<String> small(Collection<String> files) {
    return files.stream().filter(SMALL::contains).sorted().toList();
  }

  /** Whether a name is that of a file, in no folder, that any file system can hold. */
  static boolean isPlainName(String name) {
    return name.matches("[A-Za-z0-9_][A-Za-z0-9._-]{0,199}");
  }

  /**
   * The weights, or the index of their shards.
   *
   * @param isClip whether config.json is one of Hugging Face's CLIP
   * @throws HubException if there are none that can be read
   */
  static String weights(Collection<String> files, boolean isClip, String repository)
      throws HubException {
    List<String> choices = new ArrayList<>();
    if (isClip) {
      choices.addAll(HUGGING_FACE);
    }
    if (files.contains("open_clip_config.json")) {
      choices.addAll(OPEN_CLIP);
    }
    for (String choice : choices) {
      if (files.contains(choice)) {
        return choice;
      }
    }
    throw new HubException(
        repository
            + ": there is no CLIP model in the repository: neither a config.json of CLIP with"
            + " model.safetensors or pytorch_model.bin, nor an open_clip_config.json with its"
            + " weights. It has "
            + files.stream().limit(20).toList());
  }

  /**
   * The shards that an index names, none of another file.
   *
   * @param index the downloaded file
   * @throws HubException if it is no index, or names what is not in the repository
   */
  static List<String> shards(Path index, Collection<String> files, String repository)
      throws IOException {
    if (!index.toString().endsWith(INDEX)) {
      return List.of();
    }
    if (!(StrictJson.read(index).get("weight_map") instanceof JsonObject map)) {
      throw new HubException(repository + ": " + index + " has no weight_map");
    }
    Set<String> shards = new TreeSet<>();
    for (JsonElement shard : map.asMap().values()) {
      String name = shard.isJsonPrimitive() ? shard.getAsString() : shard.toString();
      if (!isPlainName(name) || !files.contains(name)) {
        throw new HubException(
            repository + ": " + index + " names the shard '" + name + "', which is not there");
      }
      shards.add(name);
    }
    return List.copyOf(shards);
  }
}
