package dev.fare.models.text;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.Charset;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** HTML's character references, which OpenAI's tokenizer resolves before it reads a text. */
final class HtmlEntities {

  private static final Pattern REFERENCE =
      Pattern.compile("&(#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[^\\t\\n\\f <&#;]{1,32};?)");

  private static final Pattern WHOLE = Pattern.compile("&#?[0-9A-Za-z]{1,24};");

  private static final Map<String, String> NAMES = names();

  /** Digits enough for any code point; more would only overflow. */
  private static final int MAX_DIGITS = 9;

  private static final String REPLACEMENT = "\uFFFD";
  private static final Charset WINDOWS_1252 = Charset.forName("windows-1252");

  private HtmlEntities() {}

  private static Map<String, String> names() {
    try (InputStream in = HtmlEntities.class.getResourceAsStream("html_entities.txt");
        BufferedReader lines =
            new BufferedReader(new InputStreamReader(requireNonNull(in), UTF_8))) {
      Map<String, String> names = new HashMap<>();
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        int space = line.indexOf(' ');
        StringBuilder characters = new StringBuilder();
        for (String codePoint : line.substring(space + 1).split(" ", -1)) {
          characters.appendCodePoint(Integer.parseInt(codePoint));
        }
        names.put(line.substring(0, space), characters.toString());
      }
      return names;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Replaces every reference by its characters, as HTML 5 reads text; unknown ones stay. */
  static String unescape(String text) {
    if (text.indexOf('&') < 0) {
      return text;
    }
    return REFERENCE.matcher(text).replaceAll(HtmlEntities::replacement);
  }

  /**
   * Replaces references that end with a semicolon, and those of letters in capitals, {@code
   * &EACUTE;}, as ftfy does.
   */
  static String unescapeWhole(String text) {
    return text.indexOf('&') < 0
        ? text
        : WHOLE.matcher(text).replaceAll(m -> Matcher.quoteReplacement(whole(m.group())));
  }

  private static String whole(String reference) {
    if (reference.startsWith("&#")) {
      String characters = unescape(reference);
      return characters.indexOf(';') < 0 ? characters : reference;
    }
    String name = reference.substring(1);
    String characters = NAMES.get(name);
    if (characters != null) {
      return characters;
    }
    String small = NAMES.get(name.toLowerCase(Locale.ROOT));
    boolean isShouted = name.equals(name.toUpperCase(Locale.ROOT));
    return small != null && isShouted && unescape(reference).equals(reference)
        ? small.toUpperCase(Locale.ROOT)
        : reference;
  }

  private static String replacement(MatchResult match) {
    String reference = match.group(1);
    String characters = reference.startsWith("#") ? numeric(reference) : named(reference);
    return Matcher.quoteReplacement(characters);
  }

  private static String numeric(String reference) {
    boolean hexadecimal = Character.toLowerCase(reference.charAt(1)) == 'x';
    int end = reference.length() - (reference.endsWith(";") ? 1 : 0);
    String digits = reference.substring(hexadecimal ? 2 : 1, end).replaceFirst("^0+(?=.)", "");
    if (digits.length() > MAX_DIGITS) {
      return REPLACEMENT;
    }
    long number = Long.parseLong(digits, hexadecimal ? 16 : 10);
    if (number > Character.MAX_CODE_POINT) {
      return REPLACEMENT;
    }
    int codePoint = (int) number;
    if (codePoint >= 0x80 && codePoint <= 0x9F) {
      // browsers read these controls as what Windows put in their place
      String character = new String(new byte[] {(byte) codePoint}, WINDOWS_1252);
      return character.equals(REPLACEMENT) ? Character.toString(codePoint) : character;
    }
    if (codePoint == 0 || (codePoint >= 0xD800 && codePoint <= 0xDFFF)) {
      return REPLACEMENT;
    }
    return isNoCharacter(codePoint) ? "" : Character.toString(codePoint);
  }

  private static boolean isNoCharacter(int codePoint) {
    boolean control =
        codePoint < 0x20 && (codePoint < 0x09 || codePoint == 0x0B || codePoint > 0x0D);
    boolean unassigned = codePoint >= 0xFDD0 && codePoint <= 0xFDEF;
    return control || codePoint == 0x7F || unassigned || (codePoint & 0xFFFE) == 0xFFFE;
  }

  /** Some names need no semicolon, so that the longest known beginning counts. */
  private static String named(String reference) {
    for (int end = reference.length(); end > 1; end--) {
      String characters = NAMES.get(reference.substring(0, end));
      if (characters != null) {
        return characters + reference.substring(end);
      }
    }
    return "&" + reference;
  }
}
