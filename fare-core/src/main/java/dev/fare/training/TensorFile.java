package dev.fare.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import com.google.common.hash.Hashing;
import com.google.common.hash.HashingOutputStream;
import com.google.common.io.ByteStreams;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Float32 tensors in a file of the safetensors layout, which any tool can open.
 *
 * <p>What is read back goes into arrays that exist already, so a file is only ever compared with
 * what it must say: its header has to be the very bytes that would be written for those arrays.
 */
final class TensorFile {

  private static final int CHUNK_BYTES = 1 << 20;

  private TensorFile() {}

  /** What a manifest says about a file. */
  record Digest(long bytes, String sha256) {}

  /** Writes the arrays in their order and syncs the file. */
  static Digest write(Path file, Map<String, NDArray> tensors) throws IOException {
    return writeSynced(
        file,
        out -> {
          out.write(header(tensors));
          byte[] chunk = new byte[CHUNK_BYTES];
          for (NDArray tensor : tensors.values()) {
            copy(tensor.toByteBuffer(), chunk, out);
          }
        });
  }

  /** What writes the content of a file. */
  interface Content {
    void writeTo(OutputStream out) throws IOException;
  }

  /** Writes a new file, syncs it, and says what is in it. */
  static Digest writeSynced(Path file, Content content) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      HashingOutputStream out =
          new HashingOutputStream(Hashing.sha256(), Channels.newOutputStream(channel));
      content.writeTo(out);
      channel.force(true);
      return new Digest(channel.size(), out.hash().toString());
    }
  }

  private static void copy(ByteBuffer values, byte[] chunk, OutputStream out) throws IOException {
    while (values.hasRemaining()) {
      int length = Math.min(chunk.length, values.remaining());
      values.get(chunk, 0, length);
      out.write(chunk, 0, length);
    }
  }

  /**
   * Reads values into the arrays, in place.
   *
   * @throws IOException if the file holds other tensors than these
   */
  static void readInto(Path file, Map<String, NDArray> tensors) throws IOException {
    try (InputStream in = new BufferedInputStream(Files.newInputStream(file), CHUNK_BYTES)) {
      byte[] expected = header(tensors);
      if (!Arrays.equals(in.readNBytes(expected.length), expected)) {
        throw new IOException(
            file
                + " holds other tensors than this trainer's "
                + tensors.size()
                + ": "
                + "names, order or shapes differ");
      }
      for (NDArray tensor : tensors.values()) {
        readInto(in, tensor);
      }
      if (in.read() >= 0) {
        throw new IOException(file + " goes on behind its last tensor");
      }
    }
  }

  private static void readInto(InputStream in, NDArray tensor) throws IOException {
    byte[] bytes = new byte[Math.toIntExact(tensor.size() * Float.BYTES)];
    ByteStreams.readFully(in, bytes);
    float[] values = new float[bytes.length / Float.BYTES];
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
    try (NDManager manager = tensor.getManager().newSubManager();
        NDArray source = manager.create(values, tensor.getShape())) {
      OptimizerScript.copy(List.of(source), List.of(tensor));
    }
  }

  /** Eight bytes of length, then JSON padded with spaces to a multiple of eight. */
  private static byte[] header(Map<String, NDArray> tensors) {
    JsonObject json = new JsonObject();
    long begin = 0;
    for (Map.Entry<String, NDArray> tensor : tensors.entrySet()) {
      NDArray array = tensor.getValue();
      if (array.getDataType() != DataType.FLOAT32) {
        throw new IllegalArgumentException(
            "weights must be float32, got " + array.getDataType() + " in " + tensor.getKey());
      }
      long end = begin + array.size() * Float.BYTES;
      JsonObject entry = new JsonObject();
      entry.addProperty("dtype", "F32");
      entry.add("shape", array(array.getShape().getShape()));
      entry.add("data_offsets", array(begin, end));
      json.add(tensor.getKey(), entry);
      begin = end;
    }
    byte[] text = json.toString().getBytes(StandardCharsets.UTF_8);
    int padded = (text.length + 7) / 8 * 8;
    byte[] header = Arrays.copyOf(text, padded);
    Arrays.fill(header, text.length, padded, (byte) ' ');
    ByteBuffer all = ByteBuffer.allocate(8 + padded).order(ByteOrder.LITTLE_ENDIAN);
    return all.putLong(padded).put(header).array();
  }

  private static JsonArray array(long... values) {
    JsonArray array = new JsonArray();
    for (long value : values) {
      array.add(value);
    }
    return array;
  }
}
