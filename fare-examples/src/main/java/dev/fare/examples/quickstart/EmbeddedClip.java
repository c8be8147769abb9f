package dev.fare.examples.quickstart;

import dev.fare.examples.EmbeddedModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** The small CLIP that is embedded in this module; its README.md is its model card. */
public final class EmbeddedClip {

  /** The sentences that its text tower knows names from. */
  public static final List<String> TEMPLATES =
      List.of("a picture of a {}", "{}", "an emoji of a {}", "a drawing of a {}");

  private static final EmbeddedModel MODEL =
      new EmbeddedModel(
          "the embedded CLIP",
          "emoji-clip",
          List.of(
              "config.json",
              "preprocessor_config.json",
              "tokenizer.json",
              "model.safetensors",
              "README.md"));

  private EmbeddedClip() {}

  /**
   * Copies the model out of the jar, in Hugging Face's layout.
   *
   * @param directory made if absent
   * @return the directory
   */
  public static Path copyTo(Path directory) throws IOException {
    return MODEL.copyTo(directory);
  }
}
