package dev.fare.models.text;

import static java.util.stream.Collectors.joining;

import java.lang.Character.UnicodeScript;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.IntPredicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Whether a text looks like UTF-8 that was read as another encoding: it has characters beside each
 * other that people hardly ever write so, such as an accented capital after an accented small
 * letter, or a currency sign after one.
 *
 * <p>The signs are those of ftfy 6.3's heuristic, by Robyn Speer, which OpenAI's tokenizer uses.
 */
final class MojibakeSigns {

  /** Letters that mojibake does not have, or not so that it would be a sign. */
  private static final String PLAIN_CAPITALS = "\u00DE\u012E\u0154\u0156";

  private static final String PLAIN_SMALL =
      "\u00FD\u00FE\u00FF\u0131\u0144\u0146\u0148\u014D\u0151\u0157\u0159\u0163\u016B\u016F\u0171"
          + "\u0173\u0192";

  /** Round letters and signs that draw faces. */
  private static final String FACE =
      "\u00D2-\u00D6\u00D9-\u00DC\u00F2-\u00F6\u00F8-\u00FC\u0150\u014C\u016A\u0172\u00B0";

  private static final String COMMON = "\u00A0\u00AD\u00B7\u00B4\u2013\u2014\u2015\u2026\u2019";
  private static final String CONTROL = "\u0080-\u009F";
  private static final String LAW = "\u00B6\u00A7";
  private static final String ODD =
      "\u00A6\u00A4\u00A8\u00AC\u00AF\u00B8\u0192\u02C6\u02C7\u02D8\u02DB\u02DC\u2020\u2021\u2030"
          + "\u2310\u25CA\uFFFD\u00AA\u00BA";
  private static final String OPENING =
      "\u00A1\u00A9\u00BF\u0384\u0385\u2022\uF8FF" + those(c -> isOf(c, "Pi", "Ps"));
  private static final String CLOSING =
      "\u00AE\u02DD\u2122" + those(c -> isOf(c, "Pf", "Pe") && c != 0x2019);
  private static final String CURRENCY = those(c -> isOf(c, "Sc") && c != 0xA4);
  private static final String NUMERIC =
      "\u00B5\u2116" + those(c -> isOf(c, "No", "Sm") && "\u00AC\u2219\u2320\u2321".indexOf(c) < 0);
  private static final String BOX =
      those(c -> c >= 0x2500 && c < 0x25A0 && "\u2500\u2514\u2534".indexOf(c) < 0);
  private static final String UPPER =
      "\u00DC\u0490"
          + those(c -> isLetter(c, true, UnicodeScript.LATIN) && isNotIn(c, PLAIN_CAPITALS, FACE));
  private static final String LOWER =
      "\u00FC\u0491\uFB01\uFB02"
          + those(c -> isLetter(c, false, UnicodeScript.LATIN) && isNotIn(c, PLAIN_SMALL, FACE));
  private static final String OTHER_UPPER =
      "\u00DE\u040D\u0391-\u03A9\u0386\u0388\u0389\u038A\u038C\u038E\u038F\u03AA\u03AB\u0401-\u042F";
  private static final String OTHER_LOWER =
      "\u03B1-\u03C9\u03AC\u03AD\u03AE\u03AF\u03B0\u0430-\u045F";

  private static final String WORD = "[\\p{L}\\p{N}_]";
  private static final String MARKS = OPENING + CLOSING + CURRENCY + NUMERIC + LAW;
  private static final String WINDOWS_ARABIC =
      any(COMMON, CURRENCY, ODD, NUMERIC, OPENING, "\u0178\u0160\u00AE\u00B0\u00B5\u00BB");
  private static final String AROUND_CYRILLIC = "[\u0412\u0413\u0420\u0421]";
  private static final String AROUND_GREEK = "[\u0392\u0393\u039E\u039F]";

  private static final Pattern SIGNS = Pattern.compile(alternatives().collect(joining("|")));

  private MojibakeSigns() {}

  static boolean areIn(String text) {
    return SIGNS.matcher(text).find();
  }

  private static Stream<String> alternatives() {
    return Stream.of(byKind(), byCharacter()).flatMap(List::stream);
  }

  private static List<String> byKind() {
    return List.of(
        any(CONTROL),
        any(LOWER, UPPER, BOX, MARKS, ODD) + any(ODD),
        any(ODD) + any(LOWER, UPPER, BOX, MARKS),
        "[a-zA-Z]" + any(OTHER_LOWER, OTHER_UPPER) + any(ODD),
        any(LOWER, OTHER_LOWER, BOX, CLOSING, CURRENCY, NUMERIC) + any(UPPER),
        any(BOX, CLOSING, CURRENCY, NUMERIC) + any(LOWER),
        any(LOWER, BOX, CLOSING) + any(CURRENCY),
        "[\\s\u001C-\u001F\u0085\\p{Z}]" + any(UPPER) + any(CURRENCY),
        any(UPPER, BOX) + any(NUMERIC, LAW),
        any(LOWER, UPPER, BOX, CURRENCY, CLOSING) + any(OPENING) + any(NUMERIC),
        any(LOWER, UPPER, CURRENCY, NUMERIC, BOX, LAW) + any(CLOSING) + any(OPENING),
        any(CURRENCY, NUMERIC, BOX) + any(OPENING),
        "[a-z]" + any(UPPER) + any(OPENING, CURRENCY),
        any(BOX) + any(FACE),
        any(LOWER, UPPER, MARKS) + any(BOX),
        any(BOX) + any(CLOSING),
        any(LOWER, UPPER) + any(OPENING, CLOSING) + WORD);
  }

  /**
   * What certain characters become in certain encodings, where their kinds alone say too little.
   */
  private static List<String> byCharacter() {
    return List.of(
        "[\u0152\u0153][^A-Za-z]",
        any(UPPER) + "\u00B0",
        // Windows-1252: two bytes of UTF-8, in Latin, Greek and Cyrillic
        "[\u00C2\u00C3\u00CE\u00D0]"
            + any(
                "\u20AC\u0153\u0160\u0161\u00A2\u00A3\u0178\u017E\u00A0\u00AD\u00AE\u00A9\u00B0"
                    + "\u00B7\u00BB\u2013\u2014\u00B4",
                OPENING,
                CLOSING),
        "\u00D7[\u00B2\u00B3]",
        // Windows-1252: two Arabic letters
        "[\u00D8\u00D9]" + WINDOWS_ARABIC + "[\u00D8\u00D9]" + WINDOWS_ARABIC,
        // Windows-1252: the first two bytes of three, in alphabets of South Asia
        "\u00E0[\u00B2\u00B5\u00B9\u00BC\u00BD\u00BE]",
        // Mac Roman
        "\u221A[\u00B1\u2202\u2020\u2260\u00AE\u2122\u00B4\u2264\u2265\u00A5\u00B5\u00F8]",
        "\u2248[\u00B0\u00A2]",
        "\u201A\u00C4[\u00EC\u00EE\u00EF\u00F2\u00F4\u00FA\u00F9\u00FB\u2020\u00B0\u00A2\u03C0]",
        "\u201A[\u00E2\u00F3][\u00E0\u00E4\u00B0\u00EA]",
        // Windows-1251: punctuation, then Latin-1 and Cyrillic
        "\u0432\u0402",
        AROUND_CYRILLIC
            + any(CONTROL, ODD, OPENING, CLOSING, CURRENCY, "\u00B0\u00B5")
            + AROUND_CYRILLIC,
        "\u0413\u045E\u0412\u0402\u0412[^\\n][A-Za-z ]",
        // Windows-1252: letters whose second byte is a space or looks like punctuation
        "\u00C3[\u00A0\u00A1]",
        "[a-z][\\s\u001C-\u001F\u0085\\p{Z}]?[\u00C2\u00C3] ",
        "^[\u00C2\u00C3] ",
        "[a-z.,?!" + CLOSING + "]\u00C2[ " + OPENING + CLOSING + "]",
        // Windows-1253: punctuation, then Latin-1 and Greek
        "\u03B2\u20AC[\u2122\u00A0\u0386\u00AD\u00AE\u00B0]",
        AROUND_GREEK + any(CONTROL, ODD, OPENING, CLOSING, CURRENCY, "\u00B0") + AROUND_GREEK,
        // Windows-1257: punctuation
        "\u0101\u20AC");
  }

  private static String any(String... characters) {
    return "[" + String.join("", characters) + "]";
  }

  /** The characters of the code pages that are of a kind. */
  private static String those(IntPredicate kind) {
    Set<Character> found = new TreeSet<>();
    for (CodePage page : CodePage.ALL) {
      for (int value = 128; value < 256; value++) {
        if (kind.test(page.character(value))) {
          found.add(page.character(value));
        }
      }
    }
    return found.stream().map(String::valueOf).collect(joining());
  }

  private static boolean isOf(int character, String... categories) {
    return Stream.of(categories)
        .anyMatch(name -> Character.toString(character).matches("\\p{" + name + "}"));
  }

  private static boolean isLetter(int character, boolean upper, UnicodeScript script) {
    int type = upper ? Character.UPPERCASE_LETTER : Character.LOWERCASE_LETTER;
    return Character.getType(character) == type && UnicodeScript.of(character) == script;
  }

  private static boolean isNotIn(int character, String... characters) {
    return !Character.toString(character).matches(any(characters));
  }
}
