package dev.fare.data;

import java.util.ArrayList;
import java.util.List;

/** Comma-separated values as RFC 4180 defines them: quotes, doubled quotes, line breaks inside. */
final class CsvReader {

  /**
   * A row.
   *
   * @param line where it begins, counted from 1
   */
  record Row(int line, List<String> fields) {}

  private final String text;
  private final char separator;
  private int position;
  private int line = 1;

  private CsvReader(String text, char separator) {
    this.text = text;
    this.separator = separator;
  }

  /**
   * All rows that aren't blank.
   *
   * @throws IllegalArgumentException naming the line, if a quoted field doesn't end
   */
  static List<Row> read(String text, char separator) {
    CsvReader reader = new CsvReader(text, separator);
    List<Row> rows = new ArrayList<>();
    while (reader.position < reader.text.length()) {
      Row row = reader.row();
      if (row.fields.size() > 1 || !row.fields.get(0).isBlank()) {
        rows.add(row);
      }
    }
    return rows;
  }

  private Row row() {
    int begin = line;
    List<String> fields = new ArrayList<>();
    boolean ended = false;
    while (!ended) {
      fields.add(isAt('"') ? quoted() : plain());
      ended = !isAt(separator);
      position++; // the separator, the line break or the end
    }
    line++;
    return new Row(begin, fields);
  }

  private boolean isAt(char wanted) {
    return position < text.length() && text.charAt(position) == wanted;
  }

  private String plain() {
    int start = position;
    while (position < text.length() && !isAt(separator) && !isAt('\n')) {
      position++;
    }
    String field = text.substring(start, position);
    return field.endsWith("\r") ? field.substring(0, field.length() - 1) : field;
  }

  private String quoted() {
    int opened = line;
    StringBuilder field = new StringBuilder();
    position++;
    while (position < text.length()) {
      char next = text.charAt(position++);
      if (next == '"' && !isAt('"')) {
        plain(); // nothing but a carriage return belongs between the quote and the separator
        return field.toString();
      }
      if (next == '"') {
        position++;
      } else if (next == '\n') {
        line++;
      }
      field.append(next);
    }
    throw new IllegalArgumentException("line " + opened + " opens a quote that never ends");
  }
}
