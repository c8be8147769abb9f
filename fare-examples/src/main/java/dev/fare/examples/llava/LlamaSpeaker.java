package dev.fare.examples.llava;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.fare.io.ModelFormatException;
import dev.fare.vlm.language.GenerationOptions;
import dev.fare.vlm.language.LanguageCheckpoint;
import dev.fare.vlm.language.LanguageTokenizer;
import dev.fare.vlm.language.LlamaModel;
import dev.fare.vlm.language.TextGenerator;
import dev.fare.vlm.language.TokenListener;
import java.io.IOException;
import java.util.function.Function;

/**
 * A host's own language model: answers one question about whatever visual tokens it reads, and
 * knows neither where they come from nor that there is an encoder.
 */
final class LlamaSpeaker implements Function<NDArray, String>, AutoCloseable {

  private static final int ANSWER_LENGTH = 64;

  private final LanguageTokenizer tokenizer;
  private final LlamaModel llama;
  private final TextGenerator generator;
  private final String question;

  private LlamaSpeaker(
      LanguageTokenizer tokenizer, LlamaModel llama, TextGenerator generator, String question) {
    this.tokenizer = tokenizer;
    this.llama = llama;
    this.generator = generator;
    this.question = question;
  }

  static LlamaSpeaker of(LanguageCheckpoint checkpoint, Device device, String question)
      throws IOException {
    LanguageTokenizer tokenizer =
        LanguageTokenizer.load(
            checkpoint
                .tokenizer()
                .orElseThrow(
                    () ->
                        new ModelFormatException(checkpoint.source() + " has no tokenizer.json")));
    try {
      LlamaModel llama = LlamaModel.builder(checkpoint).device(device).load();
      return new LlamaSpeaker(
          tokenizer, llama, new TextGenerator(llama, checkpoint.endings()), question);
    } catch (IOException | RuntimeException e) {
      tokenizer.close();
      throw e;
    }
  }

  /** The answer about visual tokens {@code [1,T,W]}. */
  @Override
  public String apply(NDArray visualTokens) {
    NDArray before = words(tokenizer.encode("USER: "), visualTokens);
    NDArray after = words(tokenizer.encodeFurther("\n" + question + " ASSISTANT:"), visualTokens);
    NDArray prompt = NDArrays.concat(new NDList(before, visualTokens, after), 1); // [1, L, W]
    NDArray mask =
        visualTokens.getManager().ones(new Shape(1, prompt.getShape().get(1)), DataType.INT64);
    long[] answer =
        generator
            .generate(prompt, mask, GenerationOptions.greedy(ANSWER_LENGTH), TokenListener.NONE)
            .get(0);
    return tokenizer.decode(answer).strip();
  }

  private NDArray words(long[] ids, NDArray beside) {
    return llama.embed(beside.getManager().create(ids, new Shape(1, ids.length)));
  }

  @Override
  public void close() {
    llama.close();
    tokenizer.close();
  }
}
