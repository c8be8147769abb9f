package dev.fare.vlm.llava;

import static java.util.Objects.requireNonNull;

/**
 * How a question becomes a prompt.
 *
 * @param before what stands before the question
 * @param after what stands between the question and the answer
 */
public record PromptTemplate(String before, String after) {

  /** LLaVA-1.5's own and the paper's: {@code vicuna_v1} with its system prompt. */
  public static final PromptTemplate VICUNA_V1 =
      new PromptTemplate(
          "A chat between a curious user and an artificial intelligence assistant. The assistant"
              + " gives helpful, detailed, and polite answers to the user's questions. USER: ",
          " ASSISTANT:");

  /** What Hugging Face documents for its LLaVA-1.5 checkpoints: no system prompt. */
  public static final PromptTemplate USER_ASSISTANT = new PromptTemplate("USER: ", " ASSISTANT:");

  /** The question as it is, for models that continue a text. */
  public static final PromptTemplate PLAIN = new PromptTemplate("", "");

  /** Checks that both are there. */
  public PromptTemplate {
    requireNonNull(before, "before");
    requireNonNull(after, "after");
  }

  /** The prompt of a question about one image, which stands before it on a line of its own. */
  public String withImage(String question) {
    return before + LlavaConfig.IMAGE + "\n" + question + after;
  }

  /** The prompt of a question that says itself where images stand, or has none. */
  public String of(String question) {
    return before + question + after;
  }
}
