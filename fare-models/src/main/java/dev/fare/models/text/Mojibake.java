package dev.fare.models.text;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.common.base.CharMatcher;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads text again that was UTF-8 and was read as something else, {@code schÃ¶n} as {@code schön},
 * as ftfy does: as a whole where one encoding explains it all, else piece by piece. Bytes are held
 * one a {@code char}.
 */
final class Mojibake {

  private static final String TAIL = "[\u0080-\u00BF]";

  /** A continuation byte that may follow a lead byte at once beside a space. */
  private static final String NEXT = "[\u0080-\u0084\u0086-\u009F\u00A1-\u00BF]";

  /** UTF-8 in which some program made the byte A0 a space. */
  private static final Pattern SPACED =
      Pattern.compile(
          "[\u00C2\u00C3\u00C5\u00CE\u00D0\u00D9] "
              + ("|[\u00E2\u00E3] " + NEXT)
              + ("|[\u00E0-\u00E3]" + NEXT + " ")
              + ("|\u00F0 " + TAIL + TAIL)
              + ("|\u00F0" + TAIL + " " + TAIL)
              + ("|\u00F0" + TAIL + TAIL + " "));

  /** An à that is a word; the Portuguese words that begin with it are written in one. */
  private static final Pattern A_GRAVE = Pattern.compile("\u00C3 (?! |quele|quela|quilo|s )");

  /** A byte that is lost, then one that is lost or there. */
  private static final String LOST = "[\u001A?]";

  private static final String LOST_OR_NOT = "[\u001A\u0080-\u00BF]";

  /** UTF-8, or surrogates in it, that lost a byte. */
  private static final Pattern LOSSY =
      Pattern.compile(
          "[\u00C2-\u00DF]\u001A|[\u00C2\u00C3]\\?"
              + ("|\u00ED[\u00A0-\u00AF]" + LOST + "\u00ED[\u00B0-\u00BF][\u001A?\u0080-\u00BF]")
              + ("|\u00ED[\u00A0-\u00AF][\u001A?\u0080-\u00BF]\u00ED[\u00B0-\u00BF]" + LOST)
              + ("|[\u00E0-\u00EF](?:" + LOST + LOST_OR_NOT + "|" + LOST_OR_NOT + LOST + ")")
              + ("|[\u00F0-\u00F4](?:" + LOST + LOST_OR_NOT + LOST_OR_NOT)
              + ("|" + LOST_OR_NOT + LOST + LOST_OR_NOT)
              + ("|" + LOST_OR_NOT + LOST_OR_NOT + LOST + ")")
              + "|\u001A");

  private static final String LOSS = "\u00EF\u00BF\u00BD";

  private static final Pattern SURROGATES =
      Pattern.compile(
          "\u00ED([\u00A0-\u00AF])([\u0080-\u00BF])\u00ED([\u00B0-\u00BF])([\u0080-\u00BF])");

  private static final Pattern CONTROLS = Pattern.compile("[\u0080-\u009F]");
  private static final CodePage WINDOWS = CodePage.ALL.get(1);

  /** Punctuation that stands before mojibake in its own right. */
  private static final String PUNCTUATION =
      " \u2013\u2014\u2015\u2018\u2019\u201A\u201C\u201D\u201E\u2022\u2026";

  /** A character in any encoding that may be UTF-8, spaces included that may have been A0. */
  private static final Pattern NEXT_OF_PIECE = Pattern.compile(sequence());

  /** The same, not in the middle of a garble. */
  private static final Pattern FIRST_OF_PIECE =
      Pattern.compile(
          "(?<!["
              + characters(0x80, 0xBF).replaceAll("[" + PUNCTUATION + "]", "")
              + "])(?:"
              + sequence()
              + ")");

  private Mojibake() {}

  /** The text as it was meant; unchanged where it does not look like mojibake. */
  static String repaired(String text) {
    String before;
    String after = text;
    do {
      before = after;
      after = repairedOnce(before);
    } while (!after.equals(before));
    return after;
  }

  /** Control characters that Windows has characters for in their places. */
  static String withoutControls(String text) {
    return CONTROLS
        .matcher(text)
        .replaceAll(match -> String.valueOf(WINDOWS.character(match.group().charAt(0))));
  }

  private static String repairedOnce(String text) {
    if (CharMatcher.ascii().matchesAllOf(text) || !MojibakeSigns.areIn(text)) {
      return text;
    }
    for (CodePage page : CodePage.ALL) {
      Optional<String> read =
          page.encode(text).map(bytes -> restored(bytes, page)).flatMap(Mojibake::decoded);
      if (read.isPresent()) {
        return read.get();
      }
    }
    String inPieces = repairedInPieces(text);
    return inPieces.equals(text) ? withoutControls(text) : inPieces;
  }

  /** Neighbours make one piece. A repeated group would do that, at the cost of a deep stack. */
  private static String repairedInPieces(String text) {
    StringBuilder repaired = new StringBuilder(text.length());
    Matcher first = FIRST_OF_PIECE.matcher(text);
    Matcher next = NEXT_OF_PIECE.matcher(text);
    int end = 0;
    while (first.find(end)) {
      repaired.append(text, end, first.start());
      end = first.end();
      while (next.region(end, text.length()).lookingAt()) {
        end = next.end();
      }
      String piece = text.substring(first.start(), end);
      boolean isPart = piece.length() < text.length();
      repaired.append(isPart && MojibakeSigns.areIn(piece) ? repaired(piece) : piece);
    }
    return repaired.append(text, end, text.length()).toString();
  }

  /** Bytes with what programs on the way did to them undone. */
  private static String restored(String bytes, CodePage page) {
    String restored = bytes;
    // in Mac Roman the first byte would be an en dash, which spaces follow
    if (!page.isMacRoman() && SPACED.matcher(bytes).find()) {
      restored = A_GRAVE.matcher(bytes).replaceAll("\u00C3\u00A0 ");
      restored = SPACED.matcher(restored).replaceAll(m -> m.group().replace(' ', '\u00A0'));
    }
    return page.isWindows() ? LOSSY.matcher(restored).replaceAll(LOSS) : restored;
  }

  /** UTF-8, also as Java writes it: surrogates one by one, and zero in two bytes. */
  private static Optional<String> decoded(String bytes) {
    String plain = bytes.replace("\u00C0\u0080", "\u0000");
    plain = SURROGATES.matcher(plain).replaceAll(Mojibake::character);
    try {
      return Optional.of(
          UTF_8.newDecoder().decode(ByteBuffer.wrap(plain.getBytes(ISO_8859_1))).toString());
    } catch (CharacterCodingException e) {
      return Optional.empty(); // then it is not this encoding
    }
  }

  private static String character(MatchResult match) {
    int high = (match.group(1).charAt(0) & 0x0F) << 6 | (match.group(2).charAt(0) & 0x3F);
    int low = (match.group(3).charAt(0) & 0x0F) << 6 | (match.group(4).charAt(0) & 0x3F);
    String character = Character.toString(0x10000 + (high << 10 | low));
    return new String(character.getBytes(UTF_8), ISO_8859_1);
  }

  private static String sequence() {
    String next = "[" + characters(0x80, 0xBF) + " ]";
    String fourth = characters(0xF0, 0xF0) + characters(0xF3, 0xF3);
    return ("[" + characters(0xC2, 0xDF) + "]" + next)
        + ("|[" + characters(0xE0, 0xEF) + "]" + next + "{2}")
        + ("|[" + fourth + "]" + next + "{3}");
  }

  /** What bytes are in the encodings that are like Latin-1. */
  private static String characters(int first, int last) {
    StringBuilder characters = new StringBuilder();
    for (CodePage page : CodePage.ALL) {
      for (int value = first; value <= last && page.isLikeLatin(); value++) {
        characters.append(page.character(value));
      }
    }
    return characters.toString();
  }
}
