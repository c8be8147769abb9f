package dev.fare.io;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A safetensors file whose header has been read and checked; tensors are read when asked for.
 *
 * <p>Files of any size work, and nothing stays open between reads. Elements of type F64, F32, F16,
 * BF16, I64, I32, I16, I8, U8 and BOOL are widened to float32; a tensor of another type is listed,
 * and refused when it is read.
 *
 * @param metadata the free-form strings of the file
 * @param tensors by name, in the order of their data
 */
public record SafetensorsFile(Map<String, String> metadata, Map<String, LazyTensor> tensors) {

  /** The reference implementation's limit. */
  static final long MAX_HEADER_BYTES = 100_000_000;

  private static final int LENGTH_BYTES = 8;

  /** Copies the maps in their order. */
  public SafetensorsFile {
    metadata = Collections.unmodifiableMap(new LinkedHashMap<>(metadata));
    tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
  }

  /**
   * Reads and checks the header.
   *
   * @throws ModelFormatException if it breaks a rule of the format: a header beyond the file or 100
   *     MB, JSON that is not strict or has a key twice, offsets with a hole or an overlap, a size
   *     that is not shape times type, bytes that belong to no tensor
   * @throws IOException if the file can't be read
   */
  public static SafetensorsFile read(Path file) throws IOException {
    String origin = file.toString();
    try (InputStream in = Files.newInputStream(file)) {
      long fileLength = Files.size(file);
      if (fileLength < LENGTH_BYTES) {
        throw new ModelFormatException(
            origin + ": a safetensors file has at least 8 bytes, this one has " + fileLength);
      }
      long headerLength = read(in, LENGTH_BYTES, origin).getLong();
      if (headerLength < 0
          || headerLength > MAX_HEADER_BYTES
          || headerLength > fileLength - LENGTH_BYTES) {
        throw new ModelFormatException(
            origin
                + ": the header must lie within the file's "
                + fileLength
                + " bytes and have at most "
                + MAX_HEADER_BYTES
                + " bytes, but claims "
                + Long.toUnsignedString(headerLength)
                + "; is this a safetensors file?");
      }
      ByteBuffer json = read(in, (int) headerLength, origin);
      long dataStart = LENGTH_BYTES + headerLength;
      SafetensorsHeader header = SafetensorsHeader.parse(json, fileLength - dataStart, origin);
      return new SafetensorsFile(
          header.metadata(), tensors(header, file, dataStart, fileLength - dataStart));
    }
  }

  private static Map<String, LazyTensor> tensors(
      SafetensorsHeader header, Path file, long dataStart, long dataLength) {
    FileSlice data = new FileSlice(file, dataStart, dataLength);
    Map<String, LazyTensor> tensors = new LinkedHashMap<>();
    String origin = file.toString();
    header
        .entries()
        .forEach(
            (name, entry) ->
                tensors.put(
                    name,
                    entry
                        .elements()
                        .<LazyTensor>map(
                            type ->
                                new StoredTensor(
                                    name, origin, data, entry.begin(), type, entry.shape()))
                        .orElseGet(
                            () -> new Unreadable(name, origin, entry.type(), entry.shape()))));
    return tensors;
  }

  /** A tensor of elements that this library does not read, which are refused where asked for. */
  private record Unreadable(String name, String origin, String type, Shape shape)
      implements LazyTensor {

    @Override
    public NDArray read(NDManager manager) throws ModelFormatException {
      throw new ModelFormatException(
          origin
              + ": tensor '"
              + name
              + "' has the type "
              + type
              + "; supported are "
              + Arrays.toString(ElementType.values()));
    }
  }

  private static ByteBuffer read(InputStream in, int length, String origin) throws IOException {
    byte[] bytes = in.readNBytes(length);
    if (bytes.length < length) {
      throw new ModelFormatException(origin + ": the file ends inside of its header");
    }
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
