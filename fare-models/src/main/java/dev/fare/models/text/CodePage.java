package dev.fare.models.text;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * An encoding of one byte a character, ASCII below 128. A byte that a Windows page leaves undefined
 * is the control character of its number.
 */
final class CodePage {

  /** In the order in which mojibake is read as one: the usual ones first. */
  static final List<CodePage> ALL = all();

  private static final char REPLACEMENT = '\uFFFD';
  private static final char SUBSTITUTE = 0x1A;

  private final String name;
  private final String upperHalf;
  private final Map<Character, Character> bytes = new HashMap<>();

  private CodePage(String name, String upperHalf) {
    this.name = name;
    this.upperHalf = upperHalf;
    for (char value = 0; value < 128; value++) {
      bytes.put(value, value);
    }
    for (int i = 0; i < 128; i++) {
      bytes.put(upperHalf.charAt(i), (char) (128 + i));
    }
    if (isWindows()) {
      // a converter that met an undefined byte wrote the replacement character
      bytes.remove(SUBSTITUTE);
      bytes.put(REPLACEMENT, SUBSTITUTE);
    }
  }

  private static List<CodePage> all() {
    List<CodePage> pages = new ArrayList<>();
    StringBuilder latin = new StringBuilder();
    for (char value = 128; value < 256; value++) {
      latin.append(value);
    }
    pages.add(new CodePage("latin-1", latin.toString()));
    try (InputStream in = CodePage.class.getResourceAsStream("code_pages.txt")) {
      String text = new String(requireNonNull(in).readAllBytes(), UTF_8);
      for (String line : text.split("\n")) {
        String[] words = line.split(" ");
        StringBuilder upper = new StringBuilder();
        for (int i = 1; i < words.length; i++) {
          upper.append((char) Integer.parseInt(words[i], 16));
        }
        pages.add(new CodePage(words[0], upper.toString()));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return List.copyOf(pages);
  }

  /** Whether it is one of Windows'. */
  boolean isWindows() {
    return name.startsWith("windows");
  }

  boolean isMacRoman() {
    return name.equals("macroman");
  }

  /** Whether it is Latin-1 or derived from it, byte by byte. */
  boolean isLikeLatin() {
    return isWindows() || name.equals("latin-1");
  }

  /** The character of a byte from 128 on. */
  char character(int value) {
    return upperHalf.charAt(value - 128);
  }

  /** A text's bytes, one a {@code char}; nothing where it has other characters. */
  Optional<String> encode(String text) {
    StringBuilder encoded = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); i++) {
      Character value = bytes.get(text.charAt(i));
      if (value == null) {
        return Optional.empty();
      }
      encoded.append(value.charValue());
    }
    return Optional.of(encoded.toString());
  }
}
