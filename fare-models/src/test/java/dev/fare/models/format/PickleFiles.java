package dev.fare.models.format;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Archives as PyTorch writes them, around pickles that it would not write. */
public final class PickleFiles {

  /** The numbers of the storage {@code 0}, in float32. */
  public static final byte[] ZERO_TO_THREE = {
    0, 0, 0, 0, 0, 0, -128, 63, 0, 0, 0, 64, 0, 0, 64, 64
  };

  private static final String STORAGE =
      "((X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0000X\3\0\0\0cpuJ\4\0\0\0tQ";
  private static final String REBUILD = "ctorch._utils\n_rebuild_tensor_v2\n";

  private PickleFiles() {}

  /** The opcodes of a tensor over the storage {@code 0}. */
  public static String tensor(String offset, String shape, String strides) {
    return REBUILD + STORAGE + offset + shape + strides + "\211)tR";
  }

  /** An archive with a pickle and one storage, {@code 0}, of the numbers 0 to 3 in float32. */
  public static Path write(Path file, byte[] pickle) throws IOException {
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
      store(zip, "a/data.pkl", pickle);
      store(zip, "a/data/0", ZERO_TO_THREE);
    }
    return file;
  }

  public static void store(ZipOutputStream zip, String name, byte[] bytes) throws IOException {
    ZipEntry entry = new ZipEntry(name);
    CRC32 crc = new CRC32();
    crc.update(bytes);
    entry.setMethod(ZipEntry.STORED);
    entry.setSize(bytes.length);
    entry.setCrc(crc.getValue());
    zip.putNextEntry(entry);
    zip.write(bytes);
    zip.closeEntry();
  }

  /** Each character as one byte. */
  public static byte[] latin(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }
}
