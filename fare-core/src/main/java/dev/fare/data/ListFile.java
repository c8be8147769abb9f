package dev.fare.data;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A list that a person or a program wrote: what is wrong with it is said with file and line. */
final class ListFile {

  private static final String BYTE_ORDER_MARK = "\ufeff";

  /** Makes something of a line. */
  interface Reader<L, T> {
    T read(int number, L line);
  }

  /** A row of separated values. */
  record Row(List<String> header, List<String> fields) {

    /**
     * The field of a column; empty where there is no such column.
     *
     * @param name as the header has it
     */
    Optional<String> field(String name) {
      int column = header.indexOf(name);
      return column < 0 ? Optional.empty() : Optional.of(fields.get(column));
    }
  }

  private ListFile() {}

  /**
   * The whole text, without the byte order mark that some editors and spreadsheets begin it with.
   *
   * @throws IOException if it can't be read
   */
  static String content(Path list) throws IOException {
    try {
      String text = Files.readString(list);
      return text.startsWith(BYTE_ORDER_MARK) ? text.substring(1) : text;
    } catch (CharacterCodingException e) {
      throw new IOException("can't read the list " + list + ": it is not UTF-8", e);
    } catch (IOException e) {
      throw new IOException("can't read the list " + list + ": " + e, e);
    }
  }

  /**
   * Reads separated values (RFC 4180) with a header.
   *
   * @param columns that the header must name
   * @throws IllegalArgumentException naming the line, if it is not such a list
   */
  static <T> List<T> rows(Path list, char separator, List<String> columns, Reader<Row, T> reader)
      throws IOException {
    try {
      List<CsvReader.Row> rows = CsvReader.read(content(list), separator);
      checkArgument(!rows.isEmpty(), "it is empty; the first line must name the columns");
      List<String> header = rows.get(0).fields().stream().map(String::strip).toList();
      for (String column : columns) {
        checkArgument(header.contains(column), "there is no column %s among %s", column, header);
      }
      List<T> read = new ArrayList<>();
      for (CsvReader.Row row : rows.subList(1, rows.size())) {
        checkArgument(
            row.fields().size() == header.size(),
            "line %s has %s fields, the header %s",
            row.line(),
            row.fields().size(),
            header.size());
        read.add(reader.read(row.line(), new Row(header, row.fields())));
      }
      return read;
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("can't use the list " + list + ": " + e.getMessage(), e);
    }
  }

  /**
   * Reads JSON lines, one object a line; blank lines are left out.
   *
   * @throws IllegalArgumentException naming the line, if it is not such a list or the reader can't
   *     use it
   */
  static <T> List<T> objects(Path list, Reader<JsonObject, T> reader) throws IOException {
    List<T> read = new ArrayList<>();
    int number = 0;
    for (String json : content(list).lines().toList()) {
      number++;
      if (json.isBlank()) {
        continue;
      }
      try {
        read.add(reader.read(number, JsonParser.parseString(json).getAsJsonObject()));
      } catch (JsonParseException | IllegalStateException | UnsupportedOperationException e) {
        throw unusable(list, number, "it is not such a JSON object: " + json, e);
      } catch (IllegalArgumentException e) {
        throw unusable(list, number, String.valueOf(e.getMessage()), e);
      }
    }
    return read;
  }

  private static IllegalArgumentException unusable(
      Path list, int line, String reason, Exception cause) {
    return new IllegalArgumentException(
        "can't use line %d of the list %s: %s".formatted(line, list, reason), cause);
  }

  /** The folder that a list's paths are relative to. */
  static Path folderOf(Path list) {
    Path folder = list.toAbsolutePath().getParent();
    return folder == null ? list : folder;
  }
}
