package dev.fare.models.text;

/** What becomes of a text before tokens are looked for. */
public enum TextCleaning {
  /**
   * As OpenAI's and open_clip's {@code tokenize}: ftfy's {@code fix_text} (curly quotes, ligatures,
   * full width, mojibake, control characters), HTML's character references, white space, small
   * letters; then what the tokenizer's file says.
   */
  OPENAI,

  /** As Hugging Face's fast tokenizer: what the tokenizer's file says, and nothing else. */
  HUGGING_FACE
}
