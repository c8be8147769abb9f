package dev.fare.torch;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * The smallest TorchScript archive that carries a source and one object of one of its classes.
 *
 * <p>The layout is PyTorch's own: a zip of stored entries with the code, an empty table of
 * constants, and the object's attributes as a pickle of protocol 2.
 */
final class ScriptArchive {

  /** Marks an attribute {@code List[Tensor]} that starts empty. */
  static final Object EMPTY_TENSOR_LIST = new Object();

  private static final byte[] EMPTY_TUPLE = {(byte) 0x80, 2, ')', '.'};

  private ScriptArchive() {}

  static byte[] write(TorchSource source, String className, Map<String, Object> attributes) {
    try {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
        store(zip, "module/version", "3\n".getBytes(UTF_8));
        store(zip, "module/constants.pkl", EMPTY_TUPLE);
        store(zip, "module/data.pkl", pickle(className, attributes));
        store(zip, "module/code/__torch__.py", source.text().getBytes(UTF_8));
        for (TorchSource imported : source.imports()) {
          String path = "module/code/__torch__/" + imported.fileName();
          store(zip, path, imported.text().getBytes(UTF_8));
        }
      }
      return bytes.toByteArray();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void store(ZipOutputStream zip, String name, byte[] content) throws IOException {
    CRC32 crc = new CRC32();
    crc.update(content);
    ZipEntry entry = new ZipEntry(name);
    entry.setMethod(ZipEntry.STORED);
    entry.setSize(content.length);
    entry.setCrc(crc.getValue());
    entry.setTime(0);
    zip.putNextEntry(entry);
    zip.write(content);
    zip.closeEntry();
  }

  private static byte[] pickle(String className, Map<String, Object> attributes)
      throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    out.write(new byte[] {(byte) 0x80, 2}); // protocol 2
    out.write(("c__torch__\n" + className + "\n").getBytes(UTF_8)); // GLOBAL
    out.write(new byte[] {')', (byte) 0x81, '}'}); // (), NEWOBJ, {}
    for (Map.Entry<String, Object> attribute : attributes.entrySet()) {
      string(out, attribute.getKey());
      value(out, attribute.getKey(), attribute.getValue());
      out.write('s'); // SETITEM
    }
    out.write(new byte[] {'b', '.'}); // BUILD, STOP
    return bytes.toByteArray();
  }

  private static void value(DataOutputStream out, String name, Object value) throws IOException {
    if (value == EMPTY_TENSOR_LIST) {
      out.write("ctorch.jit._pickle\nbuild_tensorlist\n".getBytes(UTF_8));
      out.write(new byte[] {']', (byte) 0x85, 'R'}); // [], TUPLE1, REDUCE
    } else if (value instanceof Boolean flag) {
      out.write(flag ? 0x88 : 0x89);
    } else if (value instanceof Integer number) {
      out.write('J'); // BININT, four bytes, little endian
      out.writeInt(Integer.reverseBytes(number));
    } else if (value instanceof Double number) {
      out.write('G'); // BINFLOAT, eight bytes, big endian
      out.writeDouble(number);
    } else if (value instanceof String text) {
      string(out, text);
    } else {
      throw new IllegalArgumentException(
          "attribute "
              + name
              + " must be a Boolean, Integer, Double or String, got "
              + value.getClass().getName());
    }
  }

  private static void string(DataOutputStream out, String text) throws IOException {
    byte[] bytes = text.getBytes(UTF_8);
    out.write('X'); // BINUNICODE
    out.writeInt(Integer.reverseBytes(bytes.length));
    out.write(bytes);
  }
}
