package dev.fare.models.text;

import java.text.Normalizer;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What OpenAI's {@code tokenize} makes of a text before it looks for tokens: ftfy's {@code
 * fix_text}, HTML's character references resolved twice, runs of white space as one space, small
 * letters.
 */
final class OpenAiText {

  private static final Pattern SPACE =
      Pattern.compile("[\\s\u001C-\u001F\u0085\\p{Z}]+"); // what Python calls white space

  private static final Pattern SINGLE_QUOTES = Pattern.compile("[\u02BC\u2018-\u201B]");
  private static final Pattern DOUBLE_QUOTES = Pattern.compile("[\u201C-\u201F]");
  private static final Pattern LINE_BREAKS = Pattern.compile("\r\n|[\r\u2028\u2029\u0085]");
  private static final Pattern TERMINAL = Pattern.compile("\u001B\\[[\\p{Nd};]*[a-zA-Z]");

  /** Control characters that make no space, deprecated ones, annotations, byte order marks. */
  private static final Pattern CONTROLS =
      Pattern.compile("[\u0000-\u0008\u000B\u000E-\u001F\u007F\u206A-\u206F\uFEFF\uFFF9-\uFFFC]");

  /** Letters' marks and signs that stand in words, which don't keep a sigma from being the last. */
  private static final String IN_WORDS =
      "[\\p{Mn}\\p{Me}\\p{Cf}\\p{Lm}\\p{Sk}'.:\u00B7\u0387\u2018\u2019\u2024\u2027]*+";

  private static final String CASED = "[\\p{IsUppercase}\\p{IsLowercase}\\p{Lt}]";

  /** A capital sigma after a letter that has a case, and before none. */
  private static final Pattern FINAL_SIGMA =
      Pattern.compile(
          "(?<=" + CASED + IN_WORDS.replace("*+", "{0,8}") + ")\u03A3(?!" + IN_WORDS + CASED + ")");

  /** Wide and narrow forms of characters, and the wide space. */
  private static final Pattern WIDTHS = Pattern.compile("[\u3000\uFF01-\uFFEF]+");

  private static final Pattern LIGATURES =
      Pattern.compile("[\u0132\u0133\u0149\u01C4-\u01CC\u01F1-\u01F3\uFB00-\uFB06]");

  /** Ligatures of which compatibility normalisation makes something else than ftfy. */
  private static final Map<String, String> OWN_LIGATURES = Map.of("\uFB05", "\u017Ft");

  private OpenAiText() {}

  /** The text in which tokens are looked for. */
  static String cleaned(String text) {
    String plain = HtmlEntities.unescape(HtmlEntities.unescape(fixed(text)));
    String line = SPACE.matcher(plain).replaceAll(" ").strip();
    // Java takes a sigma after digits for the last letter of the word before them
    return FINAL_SIGMA
        .matcher(line)
        .replaceAll("\u03C2")
        .replace('\u03A3', '\u03C3')
        .toLowerCase(Locale.ROOT);
  }

  /** ftfy's {@code fix_text}, line by line. */
  static String fixed(String text) {
    StringBuilder fixed = new StringBuilder(text.length());
    boolean isMarkup = false;
    int start = 0;
    while (start < text.length()) {
      int newLine = text.indexOf('\n', start);
      int end = newLine < 0 ? text.length() : newLine + 1;
      String line = text.substring(start, end);
      // with tags in it, it is HTML, in which references mean what they say
      isMarkup |= line.indexOf('<') >= 0;
      fixed.append(fixedLine(line, isMarkup));
      start = end;
    }
    return fixed.toString();
  }

  private static String fixedLine(String line, boolean isMarkup) {
    String before;
    String after = line;
    do {
      before = after;
      after = isMarkup ? before : HtmlEntities.unescapeWhole(before);
      after = Mojibake.withoutControls(Mojibake.repaired(after));
      after =
          LIGATURES
              .matcher(after)
              .replaceAll(m -> OWN_LIGATURES.getOrDefault(m.group(), compatible(m.group())));
      after = WIDTHS.matcher(after).replaceAll(m -> Matcher.quoteReplacement(wide(m.group())));
      after = SINGLE_QUOTES.matcher(DOUBLE_QUOTES.matcher(after).replaceAll("\"")).replaceAll("'");
      after = LINE_BREAKS.matcher(after).replaceAll("\n");
      after = withoutHalves(after);
      after = CONTROLS.matcher(TERMINAL.matcher(after).replaceAll("")).replaceAll("");
      after = Normalizer.normalize(after, Normalizer.Form.NFC);
    } while (!after.equals(before));
    return after;
  }

  private static String compatible(String text) {
    return Normalizer.normalize(text, Normalizer.Form.NFKC);
  }

  /** Each character by itself: marks of narrow katakana don't join what is before them. */
  private static String wide(String characters) {
    StringBuilder wide = new StringBuilder();
    characters.chars().forEach(c -> wide.append(compatible(Character.toString(c))));
    return wide.toString();
  }

  /** Halves of surrogate pairs as the replacement character. */
  private static String withoutHalves(String text) {
    StringBuilder whole = new StringBuilder(text.length());
    text.codePoints().forEach(c -> whole.appendCodePoint(c >= 0xD800 && c <= 0xDFFF ? 0xFFFD : c));
    return whole.toString();
  }
}
