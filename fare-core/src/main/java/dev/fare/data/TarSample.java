package dev.fare.data;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.fare.io.FileSlice;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.apache.commons.compress.archivers.tar.TarFile;
import org.jspecify.annotations.Nullable;

/**
 * A sample of a WebDataset: where its files lie in the archive.
 *
 * @param key the name up to the first dot, its folder included
 * @param cls the file with the class number
 */
record TarSample(
    Path shard,
    String key,
    Member picture,
    @Nullable Member cls,
    @Nullable Member json,
    @Nullable Member text) {

  static final int MAX_TEXT_BYTES = 1 << 16;

  private static final List<String> PICTURES =
      List.of("jpg", "jpeg", "png", "webp", "bmp", "gif", "tif", "tiff");

  /** A file has more bytes than its reader takes. */
  static final class TooLargeException extends IOException {
    private static final long serialVersionUID = 1L;

    TooLargeException(long size, int maxBytes) {
      super("it has %d bytes, more than the %d allowed".formatted(size, maxBytes));
    }
  }

  /** A file's bytes in its archive. */
  record Member(long offset, long size) {

    /** Reads it; the size is checked before memory is taken. */
    byte[] read(Path shard, int maxBytes) throws IOException {
      if (size > maxBytes) {
        throw new TooLargeException(size, maxBytes);
      }
      try (InputStream in = new FileSlice(shard, offset, size).open(0)) {
        byte[] bytes = in.readNBytes((int) size);
        if (bytes.length < size) {
          throw new EOFException(shard + " has become shorter since its headers were read");
        }
        return bytes;
      }
    }
  }

  /**
   * The samples of an archive that have a picture, in the order of their first files; a sample's
   * files may lie apart.
   *
   * @throws IOException if it is no tar archive, or cut off
   */
  static List<TarSample> index(Path shard) throws IOException {
    long length = Files.size(shard);
    Map<String, Map<String, Member>> files = new LinkedHashMap<>();
    for (TarArchiveEntry entry : entries(shard)) {
      if (!isPlainFile(entry)) {
        continue;
      }
      Member member = new Member(entry.getDataOffset(), entry.getSize());
      if (member.size() < 0 || member.offset() > length - member.size()) {
        throw new EOFException(
            "it is cut off: %s should end at byte %d, the file has %d"
                .formatted(entry.getName(), member.offset() + member.size(), length));
      }
      int name = entry.getName().lastIndexOf('/') + 1;
      int dot = entry.getName().indexOf('.', name);
      if (dot <= name) {
        continue; // without an extension, or hidden: ._1.jpg is what macOS notes of 1.jpg
      }
      String key = entry.getName().substring(0, dot);
      String extension = entry.getName().substring(dot + 1).toLowerCase(Locale.ROOT);
      Map<String, Member> members = files.computeIfAbsent(key, each -> new LinkedHashMap<>());
      if (members.put(extension, member) != null) {
        throw new IOException("it holds " + entry.getName() + " twice");
      }
    }
    List<TarSample> samples = new ArrayList<>();
    files.forEach((key, members) -> of(shard, key, members).ifPresent(samples::add));
    return samples;
  }

  /** No folder, link or device, and no file that is stored in pieces. */
  private static boolean isPlainFile(TarArchiveEntry entry) {
    boolean isRegular =
        switch (entry.getLinkFlag()) {
          case TarConstants.LF_NORMAL, TarConstants.LF_OLDNORM, TarConstants.LF_CONTIG -> true;
          default -> false;
        };
    return isRegular && entry.isFile() && !entry.isSparse() && entry.getDataOffset() >= 0;
  }

  private static List<TarArchiveEntry> entries(Path shard) throws IOException {
    refuseCompressed(shard);
    try (TarFile tar = new TarFile(shard)) {
      return tar.getEntries();
    } catch (IllegalArgumentException | ArithmeticException e) {
      throw new IOException("it is no tar archive: " + e.getMessage(), e);
    }
  }

  private static void refuseCompressed(Path shard) throws IOException {
    try (InputStream in = Files.newInputStream(shard)) {
      String start = HexFormat.of().formatHex(in.readNBytes(4));
      if (start.startsWith("1f8b") || start.startsWith("425a68") || start.equals("28b52ffd")) {
        throw new IOException("it is compressed; unpack it to a .tar, which can be read anywhere");
      }
    }
  }

  private static Optional<TarSample> of(Path shard, String key, Map<String, Member> members) {
    for (String extension : PICTURES) {
      Member picture = members.get(extension);
      if (picture != null) {
        return Optional.of(
            new TarSample(
                shard, key, picture, members.get("cls"), members.get("json"), members.get("txt")));
      }
    }
    return Optional.empty();
  }

  /**
   * What the cls file says.
   *
   * @throws IllegalArgumentException if it is no whole number
   */
  Optional<String> classNumber() throws IOException {
    if (cls == null) {
      return Optional.empty();
    }
    String number = new String(cls.read(shard, MAX_TEXT_BYTES), UTF_8).strip();
    if (!number.matches("\\d{1,9}")) {
      throw new IllegalArgumentException(
          "a cls file must hold a whole number, got \"" + number + "\"");
    }
    return Optional.of(Integer.toString(Integer.parseInt(number)));
  }

  /**
   * A member of the JSON file.
   *
   * @throws IllegalArgumentException if it is no string and no whole number, or the file no object
   */
  Optional<String> jsonLabel(String member) throws IOException {
    if (json == null) {
      return Optional.empty();
    }
    String content = new String(json.read(shard, MAX_TEXT_BYTES), UTF_8);
    try {
      return JsonLabels.in(JsonParser.parseString(content).getAsJsonObject(), member);
    } catch (JsonParseException | IllegalStateException e) {
      throw new IllegalArgumentException("its json file is no JSON object", e);
    }
  }
}
