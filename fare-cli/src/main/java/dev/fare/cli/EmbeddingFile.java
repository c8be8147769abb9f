package dev.fare.cli;

import static java.util.stream.Collectors.joining;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import com.google.gson.Gson;
import dev.fare.io.AtomicFile;
import dev.fare.io.SafetensorsWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Embeddings on disk. */
final class EmbeddingFile {

  /** How they are written. */
  enum Format {
    JSONL,
    NPY,
    SAFETENSORS;

    /**
     * The format that a file's ending asks for.
     *
     * @throws IllegalArgumentException if it is none
     */
    static Format of(Path file) {
      String name = file.getFileName().toString();
      for (Format format : values()) {
        if (name.endsWith(format.ending())) {
          return format;
        }
      }
      throw new IllegalArgumentException(
          "the output must end in .jsonl, .npy or .safetensors, got " + name);
    }

    private String ending() {
      return "." + name().toLowerCase(Locale.ROOT);
    }
  }

  /** The magic, version 1.0 and two bytes of length, then the header. */
  private static final byte[] NPY_MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};

  private static final int NPY_ALIGNMENT = 64;

  private record Line(String file, float[] embedding) {}

  private EmbeddingFile() {}

  /**
   * Writes embeddings, whole or not at all.
   *
   * @param names of the rows; go into a file beside where the format has no place for them
   * @param rows at least one, all of one length
   */
  static void write(Format format, Path file, List<String> names, List<float[]> rows)
      throws IOException {
    switch (format) {
      case JSONL -> AtomicFile.write(file, lines(names, rows).getBytes(StandardCharsets.UTF_8));
      case NPY -> AtomicFile.write(file, npy(rows));
      case SAFETENSORS -> {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
          SafetensorsWriter.write(
              file, Map.of("embeddings", manager.create(rows.toArray(float[][]::new))));
        }
      }
    }
    if (format != Format.JSONL) {
      String text = names.stream().map(EmbeddingFile::line).collect(joining("\n", "", "\n"));
      AtomicFile.write(namesBeside(file), text.getBytes(StandardCharsets.UTF_8));
    }
  }

  /** A name on one line: a line feed in it is written as {@code \n}, a backslash doubled. */
  private static String line(String name) {
    return name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r");
  }

  /** Where the names of rows go: {@code photos.npy} has them in {@code photos.txt}. */
  static Path namesBeside(Path file) {
    String name = file.getFileName().toString();
    return file.resolveSibling(name.substring(0, name.lastIndexOf('.')) + ".txt");
  }

  private static String lines(List<String> names, List<float[]> rows) {
    Gson gson = new Gson();
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < rows.size(); i++) {
      text.append(gson.toJson(new Line(names.get(i), rows.get(i)))).append('\n');
    }
    return text.toString();
  }

  /** NumPy's format 1.0: little-endian float32, row by row. */
  private static byte[] npy(List<float[]> rows) {
    int columns = rows.get(0).length;
    String shape =
        "{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }"
            .formatted(rows.size(), columns);
    int before = NPY_MAGIC.length + Short.BYTES;
    int unpadded = before + shape.length() + 1;
    int padding = (NPY_ALIGNMENT - unpadded % NPY_ALIGNMENT) % NPY_ALIGNMENT;
    byte[] header = (shape + " ".repeat(padding) + "\n").getBytes(StandardCharsets.US_ASCII);
    int values = Math.multiplyExact(rows.size(), Math.multiplyExact(columns, Float.BYTES));
    ByteBuffer file = ByteBuffer.allocate(before + header.length + values);
    file.order(ByteOrder.LITTLE_ENDIAN).put(NPY_MAGIC).putShort((short) header.length).put(header);
    for (float[] row : rows) {
      for (float value : row) {
        file.putFloat(value);
      }
    }
    return file.array();
  }
}
