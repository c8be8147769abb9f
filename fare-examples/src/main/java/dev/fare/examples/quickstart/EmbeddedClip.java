package dev.fare.examples.quickstart;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;

/** The small CLIP that is embedded in this module; its README.md is its model card. */
public final class EmbeddedClip {

  /** The sentences that its text tower knows names from. */
  public static final List<String> TEMPLATES =
      List.of("a picture of a {}", "{}", "an emoji of a {}", "a drawing of a {}");

  private static final List<String> FILES =
      List.of(
          "config.json",
          "preprocessor_config.json",
          "tokenizer.json",
          "model.safetensors",
          "README.md");

  private EmbeddedClip() {}

  /**
   * Copies the model out of the jar, in Hugging Face's layout.
   *
   * @param directory made if absent
   * @return the directory
   */
  public static Path copyTo(Path directory) throws IOException {
    Files.createDirectories(directory);
    for (String file : FILES) {
      try (InputStream in = EmbeddedClip.class.getResourceAsStream("/emoji-clip/" + file)) {
        if (in == null) {
          throw new FileNotFoundException("the embedded CLIP has no " + file);
        }
        Files.copy(in, directory.resolve(file), StandardCopyOption.REPLACE_EXISTING);
      }
    }
    return directory;
  }
}
