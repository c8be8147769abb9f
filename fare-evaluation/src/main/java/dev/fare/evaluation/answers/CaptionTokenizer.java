package dev.fare.evaluation.answers;

import com.google.common.collect.ImmutableSet;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Words of a caption as coco-caption counts them: the Penn Treebank's tokens in lower case, without
 * punctuation.
 *
 * <p>Contractions are two words (do n't, cat 's), a hyphen within a word and a point or comma
 * within a number stay. Rarer rules of the Treebank, about abbreviations and currencies, are left
 * out.
 */
final class CaptionTokenizer {

  private static final Pattern TOKEN =
      Pattern.compile(
          // a number with points and commas, a word with hyphens, an abbreviation, or one character
          "\\d+(?:[.,]\\d+)+|[\\p{L}\\p{N}]+(?:[-'’./][\\p{L}\\p{N}]+)*|\\S");

  private static final Pattern CONTRACTION =
      Pattern.compile("(.+?)(n['’]t|['’](?:s|re|ve|ll|d|m))$");

  private static final Set<String> JOINED =
      ImmutableSet.of("cannot", "gonna", "gotta", "wanna", "gimme", "lemme");

  /** Where the two words of each of those meet. */
  private static final int JOINT = 3;

  private CaptionTokenizer() {}

  static List<String> words(String caption) {
    List<String> words = new ArrayList<>();
    Matcher tokens = TOKEN.matcher(caption.toLowerCase(Locale.ROOT));
    while (tokens.find()) {
      addWords(tokens.group().replace('’', '\''), words);
    }
    return words;
  }

  private static void addWords(String token, List<String> words) {
    if (!Character.isLetterOrDigit(token.charAt(0))) {
      return; // punctuation
    }
    Matcher contraction = CONTRACTION.matcher(token);
    if (JOINED.contains(token)) {
      words.add(token.substring(0, JOINT));
      words.add(token.substring(JOINT));
    } else if (contraction.matches()) {
      words.add(contraction.group(1));
      words.add(contraction.group(2));
    } else {
      words.add(token);
    }
  }
}
