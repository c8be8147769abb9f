package dev.fare.models.export.gguf;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.common.io.LittleEndianDataOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The metadata of a GGUF file that is to be written, in the order in which they are put.
 *
 * <p>Each method throws {@code IllegalArgumentException} for a key that is there already.
 */
public final class GgufMetadata {

  private static final int UINT32 = 4;
  private static final int INT32 = 5;
  private static final int FLOAT32 = 6;
  private static final int BOOL = 7;
  private static final int STRING = 8;
  private static final int ARRAY = 9;

  private final Set<String> keys = new HashSet<>();
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final LittleEndianDataOutputStream out = new LittleEndianDataOutputStream(bytes);

  /** What writes a value. */
  private interface Value {
    void write() throws IOException;
  }

  /** A text. */
  public GgufMetadata text(String key, String value) {
    return put(key, STRING, () -> string(value));
  }

  /** A number of 32 bits without sign. */
  public GgufMetadata number(String key, int value) {
    return put(key, UINT32, () -> out.writeInt(value));
  }

  /** A number in float32. */
  public GgufMetadata real(String key, double value) {
    return put(key, FLOAT32, () -> out.writeFloat((float) value));
  }

  /** True or false. */
  public GgufMetadata flag(String key, boolean value) {
    return put(key, BOOL, () -> out.writeByte(value ? 1 : 0));
  }

  /** A list of texts. */
  public GgufMetadata texts(String key, List<String> values) {
    return put(
        key,
        ARRAY,
        () -> {
          list(STRING, values.size());
          for (String value : values) {
            string(value);
          }
        });
  }

  /** A list of numbers of 32 bits with sign. */
  public GgufMetadata numbers(String key, List<Integer> values) {
    return put(
        key,
        ARRAY,
        () -> {
          list(INT32, values.size());
          for (int value : values) {
            out.writeInt(value);
          }
        });
  }

  /** A list of numbers in float32. */
  public GgufMetadata reals(String key, List<Double> values) {
    return put(
        key,
        ARRAY,
        () -> {
          list(FLOAT32, values.size());
          for (double value : values) {
            out.writeFloat((float) value);
          }
        });
  }

  int count() {
    return keys.size();
  }

  byte[] toBytes() {
    return bytes.toByteArray();
  }

  private GgufMetadata put(String key, int type, Value value) {
    if (!keys.add(key)) {
      throw new IllegalArgumentException("the metadata have '" + key + "' already");
    }
    try {
      string(key);
      out.writeInt(type);
      value.write();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return this;
  }

  private void list(int type, int count) throws IOException {
    out.writeInt(type);
    out.writeLong(count);
  }

  private void string(String text) throws IOException {
    byte[] utf8 = text.getBytes(UTF_8);
    out.writeLong(utf8.length);
    out.write(utf8);
  }
}
