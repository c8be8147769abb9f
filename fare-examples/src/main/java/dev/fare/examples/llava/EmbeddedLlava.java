package dev.fare.examples.llava;

import dev.fare.vlm.llava.LlavaModel;
import dev.fare.vlm.llava.PromptTemplate;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;

/** The small LLaVA that is embedded in this module; its README.md is its model card. */
public final class EmbeddedLlava {

  private static final List<String> FILES =
      List.of(
          "config.json",
          "generation_config.json",
          "preprocessor_config.json",
          "tokenizer.json",
          "model.safetensors",
          "README.md");

  private EmbeddedLlava() {}

  /**
   * Copies the model out of the jar, in the layout of Hugging Face's LLaVA.
   *
   * @param directory made if absent
   * @return the directory
   */
  public static Path copyTo(Path directory) throws IOException {
    Files.createDirectories(directory);
    for (String file : FILES) {
      try (InputStream in = EmbeddedLlava.class.getResourceAsStream("/emoji-llava/" + file)) {
        if (in == null) {
          throw new FileNotFoundException("the embedded LLaVA has no " + file);
        }
        Files.copy(in, directory.resolve(file), StandardCopyOption.REPLACE_EXISTING);
      }
    }
    return directory;
  }

  /** Loads what {@link #copyTo} has copied, with the prompts it was trained with. */
  public static LlavaModel load(Path directory) throws IOException {
    return LlavaModel.builder(directory).template(PromptTemplate.USER_ASSISTANT).load();
  }
}
