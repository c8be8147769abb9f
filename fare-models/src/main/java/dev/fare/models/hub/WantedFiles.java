package dev.fare.models.hub;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/** Chooses the files of a repository that a CLIP model consists of. */
final class WantedFiles {

  private static final Set<String> SMALL =
      Set.of(
          "config.json",
          "preprocessor_config.json",
          "processor_config.json",
          "tokenizer.json",
          "open_clip_config.json");

  /** Weights that go with a config.json, the best first; the second of a pair are its shards. */
  private static final List<List<String>> HUGGING_FACE =
      List.of(
          List.of("model\\.safetensors"),
          List.of("model\\.safetensors\\.index\\.json", "model-[0-9]+-of-[0-9]+\\.safetensors"),
          List.of("pytorch_model\\.bin"),
          List.of("pytorch_model\\.bin\\.index\\.json", "pytorch_model-[0-9]+-of-[0-9]+\\.bin"));

  private static final List<List<String>> OPEN_CLIP =
      List.of(
          List.of("open_clip_model\\.safetensors"),
          List.of("open_clip_pytorch_model\\.safetensors"),
          List.of("open_clip_pytorch_model\\.bin"));

  private WantedFiles() {}

  /** Configurations and tokenizer, which say what the weights are. */
  static List<String> small(Collection<String> files) {
    return files.stream().filter(SMALL::contains).sorted().toList();
  }

  /**
   * The weights.
   *
   * @param isClip whether config.json is one of Hugging Face's CLIP
   * @throws HubException if there are none that can be read
   */
  static List<String> weights(Collection<String> files, boolean isClip, String repository)
      throws HubException {
    List<List<String>> choices = new ArrayList<>();
    if (isClip) {
      choices.addAll(HUGGING_FACE);
    }
    if (files.contains("open_clip_config.json")) {
      choices.addAll(OPEN_CLIP);
    }
    for (List<String> patterns : choices) {
      Predicate<String> isWanted = name -> patterns.stream().anyMatch(name::matches);
      if (files.stream().anyMatch(name -> name.matches(patterns.get(0)))) {
        return files.stream().filter(isWanted).sorted().toList();
      }
    }
    throw new HubException(
        repository
            + ": there is no CLIP model in the repository: neither a config.json of CLIP with"
            + " model.safetensors or pytorch_model.bin, nor an open_clip_config.json with its"
            + " weights. It has "
            + files.stream().limit(20).toList());
  }
}
