package dev.fare.io;

import static com.google.common.base.Preconditions.checkArgument;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import com.google.gson.stream.JsonWriter;
import dev.fare.torch.TensorBytes;
import java.io.IOException;
import java.io.OutputStream;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/**
 * Writes safetensors files: the same tensors give the same bytes, and the file is whole or absent.
 */
public final class SafetensorsWriter {

  private static final int ALIGNMENT = 8;

  /** Metadata that marks tensors as PyTorch's, as Hugging Face's libraries require. */
  public static final Map<String, String> PYTORCH = Map.of("format", "pt");

  private SafetensorsWriter() {}

  /** Writes tensors as float32, marked as PyTorch's as Hugging Face's libraries require. */
  public static void write(Path file, Map<String, NDArray> tensors) throws IOException {
    write(file, tensors, DataType.FLOAT32, PYTORCH);
  }

  /**
   * Writes tensors in the order of their names.
   *
   * @param type what elements are stored as: FLOAT32 or FLOAT16
   * @param metadata free-form strings
   * @throws IOException if writing fails; what was at the place before stays
   */
  public static void write(
      Path file, Map<String, NDArray> tensors, DataType type, Map<String, String> metadata)
      throws IOException {
    checkType(type);
    AtomicFile.write(
        file, out -> writeTo(out, new TreeMap<>(tensors), type, new TreeMap<>(metadata)));
  }

  /**
   * Writes the bytes of a file, tensors and metadata in the order of their maps.
   *
   * @param type what elements are stored as: FLOAT32 or FLOAT16
   * @param metadata free-form strings
   */
  public static void writeTo(
      OutputStream out, Map<String, NDArray> tensors, DataType type, Map<String, String> metadata)
      throws IOException {
    checkType(type);
    byte[] header = header(tensors, type, metadata);
    ByteBuffer length = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    out.write(length.putLong(header.length).array());
    out.write(header);
    for (NDArray tensor : tensors.values()) {
      TensorBytes.write(tensor, type, out);
    }
  }

  private static void checkType(DataType type) {
    checkArgument(
        type == DataType.FLOAT32 || type == DataType.FLOAT16,
        "tensors can be written as FLOAT32 or FLOAT16, got %s",
        type);
  }

  private static byte[] header(
      Map<String, NDArray> tensors, DataType type, Map<String, String> metadata)
      throws IOException {
    StringWriter text = new StringWriter();
    try (JsonWriter json = new JsonWriter(text)) {
      json.beginObject();
      if (!metadata.isEmpty()) {
        json.name("__metadata__").beginObject();
        for (Map.Entry<String, String> entry : metadata.entrySet()) {
          json.name(entry.getKey()).value(entry.getValue());
        }
        json.endObject();
      }
      long begin = 0;
      for (Map.Entry<String, NDArray> entry : tensors.entrySet()) {
        long end = begin + entry.getValue().getShape().size() * type.getNumOfBytes();
        json.name(entry.getKey()).beginObject();
        json.name("dtype").value(type == DataType.FLOAT32 ? "F32" : "F16");
        json.name("shape").beginArray();
        for (long dimension : entry.getValue().getShape().getShape()) {
          json.value(dimension);
        }
        json.endArray();
        json.name("data_offsets").beginArray().value(begin).value(end).endArray();
        json.endObject();
        begin = end;
      }
      json.endObject();
    }
    // Spaces up to a multiple of eight, so that every tensor lies aligned in a mapped file.
    String padding = " ".repeat(ALIGNMENT - 1);
    byte[] padded = (text + padding).getBytes(StandardCharsets.UTF_8);
    return Arrays.copyOf(padded, padded.length / ALIGNMENT * ALIGNMENT);
  }
}
