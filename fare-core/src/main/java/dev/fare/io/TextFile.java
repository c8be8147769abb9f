package dev.fare.io;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Text in files that other programs or people wrote. */
public final class TextFile {

  private TextFile() {}

  /**
   * Reads the whole text.
   *
   * @throws IOException if the file can't be read or is not UTF-8, which names it
   */
  public static String read(Path file) throws IOException {
    try {
      return Files.readString(file);
    } catch (CharacterCodingException e) {
      throw new IOException(file + " is no text in UTF-8", e);
    }
  }
}
