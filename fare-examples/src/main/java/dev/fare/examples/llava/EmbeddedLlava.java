package dev.fare.examples.llava;

import dev.fare.examples.EmbeddedModel;
import dev.fare.vlm.llava.LlavaModel;
import dev.fare.vlm.llava.PromptTemplate;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** The small LLaVA that is embedded in this module; its README.md is its model card. */
public final class EmbeddedLlava {

  private static final EmbeddedModel MODEL =
      new EmbeddedModel(
          "the embedded LLaVA",
          "emoji-llava",
          List.of(
              "config.json",
              "generation_config.json",
              "preprocessor_config.json",
              "tokenizer.json",
              "model.safetensors",
              "README.md"));

  private EmbeddedLlava() {}

  /**
   * Copies the model out of the jar, in the layout of Hugging Face's LLaVA.
   *
   * @param directory made if absent
   * @return the directory
   */
  public static Path copyTo(Path directory) throws IOException {
    return MODEL.copyTo(directory);
  }

  /** Loads what {@link #copyTo} has copied, with the prompts it was trained with. */
  public static LlavaModel load(Path directory) throws IOException {
    return LlavaModel.builder(directory).template(PromptTemplate.USER_ASSISTANT).load();
  }
}
