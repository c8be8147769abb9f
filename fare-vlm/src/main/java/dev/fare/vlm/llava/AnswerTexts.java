package dev.fare.vlm.llava;

import com.google.common.primitives.Longs;
import dev.fare.vlm.TextListener;
import dev.fare.vlm.language.LanguageTokenizer;
import dev.fare.vlm.language.TokenListener;
import java.util.ArrayList;
import java.util.List;

/**
 * Answers as text while their tokens arrive: tells a listener what is new, and ends an answer at a
 * stop text. What might be the beginning of a stop text, or of a character, is held back.
 */
final class AnswerTexts implements TokenListener {

  /** What a decoder writes for a character that is not complete yet. */
  private static final String INCOMPLETE = "\uFFFD";

  private final LanguageTokenizer tokenizer;
  private final List<String> stops;
  private final TextListener listener;
  private final List<List<Long>> tokens = new ArrayList<>();
  private final int[] told;

  AnswerTexts(LanguageTokenizer tokenizer, int rows, List<String> stops, TextListener listener) {
    this.tokenizer = tokenizer;
    this.stops = stops;
    this.listener = listener;
    told = new int[rows];
    for (int i = 0; i < rows; i++) {
      tokens.add(new ArrayList<>());
    }
  }

  @Override
  public boolean goesOnAfter(int row, long token) {
    tokens.get(row).add(token);
    String text = tokenizer.decode(Longs.toArray(tokens.get(row)));
    String kept = cut(text);
    if (kept.length() == text.length() && !text.endsWith(INCOMPLETE)) {
      tell(row, text.substring(0, text.length() - heldBack(text)));
    }
    return kept.length() == text.length();
  }

  /** The whole answers; what was held back is told now. */
  List<String> finish(List<long[]> all) {
    List<String> answers = new ArrayList<>();
    for (int row = 0; row < all.size(); row++) {
      String answer = cut(tokenizer.decode(all.get(row)));
      tell(row, answer);
      answers.add(answer.strip());
    }
    return answers;
  }

  private void tell(int row, String text) {
    if (text.length() > told[row]) {
      listener.write(row, text.substring(told[row]));
      told[row] = text.length();
    }
  }

  private String cut(String text) {
    int end = text.length();
    for (String stop : stops) {
      int at = text.indexOf(stop);
      end = at < 0 ? end : Math.min(end, at);
    }
    return text.substring(0, end);
  }

  /** How many characters at the end may be the beginning of a stop text. */
  private int heldBack(String text) {
    int longest = 0;
    for (String stop : stops) {
      for (int length = Math.min(stop.length(), text.length()); length > longest; length--) {
        if (text.endsWith(stop.substring(0, length))) {
          longest = length;
        }
      }
    }
    return longest;
  }
}
