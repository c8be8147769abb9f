package dev.fare.torch;

import static java.nio.charset.StandardCharsets.UTF_8;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import com.google.common.io.CountingOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.time.LocalDateTime;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * PyTorch's own archives: what {@code torch.jit.load} reads, and what {@code torch.load} does.
 *
 * <p>The layout is a zip of stored entries: a pickle, an entry of float32 numbers for each tensor,
 * and for TorchScript the code and an empty table of constants. Tensors are streamed, never copied
 * as a whole.
 */
public final class TorchArchiveWriter {

  private static final byte[] EMPTY_TUPLE = {(byte) 0x80, 2, ')', '.'};

  /** Where PyTorch puts the numbers of a tensor, so that they can be mapped. */
  private static final int ALIGNMENT = 64;

  private static final int LOCAL_HEADER_BYTES = 30;
  private static final int EXTRA_HEADER_BYTES = 4;

  /** A fixed time: the same content gives the same bytes. (Java adds a field to the oldest one.) */
  private static final LocalDateTime EPOCH = LocalDateTime.of(1980, 2, 1, 0, 0);

  private final CountingOutputStream counter;
  private final ZipOutputStream zip;
  private final String top;

  private TorchArchiveWriter(OutputStream out, String top) {
    counter = new CountingOutputStream(out);
    zip = new ZipOutputStream(counter);
    this.top = top + "/";
  }

  /**
   * Writes a TorchScript archive: the object with its tensors, and the sources of all classes.
   *
   * @param out receives the archive and stays open
   * @throws IOException if writing fails
   */
  public static void writeModule(TorchObject root, OutputStream out) throws IOException {
    TorchArchiveWriter archive = new TorchArchiveWriter(out, "module");
    archive.store("version", "3\n".getBytes(UTF_8));
    archive.store("constants.pkl", EMPTY_TUPLE);
    archive.store(PickleWriter.of(root));
    Map<String, String> classes = new LinkedHashMap<>();
    Map<String, String> imports = new LinkedHashMap<>();
    collect(root, classes, imports);
    archive.store("code/__torch__.py", String.join("\n", classes.values()).getBytes(UTF_8));
    for (Map.Entry<String, String> imported : imports.entrySet()) {
      archive.store("code/__torch__/" + imported.getKey(), imported.getValue().getBytes(UTF_8));
    }
    archive.zip.finish();
  }

  /**
   * Writes a state dict, as {@code torch.save} does; {@code torch.load} reads it, also with {@code
   * weights_only=True}.
   *
   * @param tensors by name, stored as float32
   * @param out receives the archive and stays open
   * @throws IOException if writing fails
   */
  public static void writeStateDict(Map<String, NDArray> tensors, OutputStream out)
      throws IOException {
    TorchArchiveWriter archive = new TorchArchiveWriter(out, "archive");
    archive.store(PickleWriter.of(tensors));
    archive.store("byteorder", "little".getBytes(UTF_8));
    archive.store("version", "3\n".getBytes(UTF_8));
    archive.zip.finish();
  }

  private static void collect(
      TorchObject object, Map<String, String> classes, Map<String, String> imports) {
    classes.put(object.source().fileName(), object.source().text());
    for (TorchSource imported : object.source().imports()) {
      imports.put(imported.fileName(), imported.text());
    }
    for (Object value : object.attributes().values()) {
      if (value instanceof TorchObject nested) {
        collect(nested, classes, imports);
      }
    }
  }

  private void store(PickleWriter pickle) throws IOException {
    store("data.pkl", pickle.bytes());
    List<NDArray> tensors = pickle.tensors();
    for (int i = 0; i < tensors.size(); i++) {
      store("data/" + i, tensors.get(i));
    }
  }

  private void store(String name, byte[] content) throws IOException {
    CRC32 crc = new CRC32();
    crc.update(content);
    begin(name, content.length, crc);
    zip.write(content);
    zip.closeEntry();
  }

  private void store(String name, NDArray tensor) throws IOException {
    CRC32 crc = new CRC32();
    TensorBytes.forEach(tensor, DataType.FLOAT32, crc::update);
    begin(name, tensor.size() * Float.BYTES, crc);
    TensorBytes.write(tensor, DataType.FLOAT32, zip);
    zip.closeEntry();
  }

  private void begin(String name, long size, CRC32 crc) throws IOException {
    ZipEntry entry = new ZipEntry(top + name);
    entry.setMethod(ZipEntry.STORED);
    entry.setSize(size);
    entry.setCrc(crc.getValue());
    entry.setTimeLocal(EPOCH);
    entry.setExtra(padding(top + name));
    zip.putNextEntry(entry);
  }

  /** An extra field that ends where the content is aligned. */
  private byte[] padding(String name) {
    long start = counter.getCount() + LOCAL_HEADER_BYTES + name.length() + EXTRA_HEADER_BYTES;
    int length = (int) ((ALIGNMENT - start % ALIGNMENT) % ALIGNMENT);
    ByteBuffer extra = ByteBuffer.allocate(EXTRA_HEADER_BYTES + length);
    extra.put((byte) 'F').put((byte) 'B').put((byte) length).put((byte) 0);
    return extra.array();
  }
}
