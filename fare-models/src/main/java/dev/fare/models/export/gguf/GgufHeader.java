package dev.fare.models.export.gguf;

import ai.djl.ndarray.types.Shape;
import dev.fare.io.ModelFormatException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Parses and checks the header of a GGUF file, by the rules of llama.cpp's reader. */
final class GgufHeader {

  static final int MAGIC = 0x46554747; // "GGUF"
  static final String ALIGNMENT = "general.alignment";

  static final int DEFAULT_ALIGNMENT = 32;
  private static final int MAX_DIMENSIONS = 4;

  /** A name's length, a number of dimensions, a type and an offset. */
  private static final long MIN_TENSOR_BYTES = 8 + 4 + 4 + 8;

  /** A key's length, a type and a value. */
  private static final long MIN_ENTRY_BYTES = 8 + 4 + 1;

  /** Longer lists are read over: vocabularies, which nobody asks for here. */
  private static final int MAX_KEPT_ELEMENTS = 4096;

  private record Entry(String name, Shape shape, GgufType type, long offset, long bytes) {}

  private final GgufInput in;
  private final String origin;

  GgufHeader(GgufInput in, String origin) {
    this.in = in;
    this.origin = origin;
  }

  /** Everything about the file but the path. */
  record Content(
      int version,
      Map<String, Object> metadata,
      long metadataEnd,
      int alignment,
      Map<String, GgufTensor> tensors) {}

  Content parse(long fileLength) throws IOException {
    if (fileLength < 24 || in.int32() != MAGIC) {
      throw wrong("the file does not start with GGUF's mark; is this a GGUF file?");
    }
    int version = in.int32();
    if (version != 2 && version != 3) {
      throw wrong(
          "versions 2 and 3 in little-endian order are supported, this file has version "
              + version);
    }
    long tensorCount = in.count(MIN_TENSOR_BYTES, "tensors");
    long entryCount = in.count(MIN_ENTRY_BYTES, "entries of metadata");
    Map<String, Object> metadata = new LinkedHashMap<>();
    for (long i = 0; i < entryCount; i++) {
      String key = in.string();
      if (metadata.put(key, value(key, in.uint32())) != null) {
        throw wrong("the metadata has '" + key + "' twice");
      }
    }
    long metadataEnd = in.position();
    int alignment = alignment(metadata);
    List<Entry> entries = new ArrayList<>();
    for (long i = 0; i < tensorCount; i++) {
      entries.add(entry());
    }
    long dataStart = align(in.position(), alignment);
    return new Content(
        version,
        metadata,
        metadataEnd,
        alignment,
        place(entries, dataStart, alignment, fileLength));
  }

  private Object value(String key, long type) throws IOException {
    return switch ((int) type) {
      case 0 -> in.int8() & 0xFF;
      case 1 -> (int) in.int8();
      case 2 -> in.int16() & 0xFFFF;
      case 3 -> (int) in.int16();
      case 4 -> in.uint32();
      case 5 -> in.int32();
      case 6 -> Float.intBitsToFloat(in.int32());
      case 7 -> bool(key);
      case 8 -> in.string();
      case 9 -> list(key);
      case 10, 11 -> in.int64();
      case 12 -> Double.longBitsToDouble(in.int64());
      default -> throw wrong("the metadata '" + key + "' has the unknown type " + type);
    };
  }

  private boolean bool(String key) throws IOException {
    int value = in.int8();
    if (value != 0 && value != 1) {
      throw wrong("the metadata '" + key + "' must be true or false, got the byte " + value);
    }
    return value == 1;
  }

  private List<Object> list(String key) throws IOException {
    long type = in.uint32();
    if (type == 9) {
      throw wrong("the metadata '" + key + "' is a list of lists, which is not supported");
    }
    long count = in.count(1, "elements of '" + key + "'");
    List<Object> values = new ArrayList<>();
    for (long i = 0; i < count; i++) {
      Object value = value(key, type);
      if (count <= MAX_KEPT_ELEMENTS) {
        values.add(value);
      }
    }
    return List.copyOf(values);
  }

  private int alignment(Map<String, Object> metadata) throws ModelFormatException {
    Object value = metadata.getOrDefault(ALIGNMENT, (long) DEFAULT_ALIGNMENT);
    if (!(value instanceof Long number)
        || number < 1
        || number > 1 << 20
        || Long.bitCount(number) != 1) {
      throw wrong(ALIGNMENT + " must be a power of two up to 2^20, got " + value);
    }
    return number.intValue();
  }

  private Entry entry() throws IOException {
    String name = in.string();
    long dimensions = in.uint32();
    if (dimensions < 1 || dimensions > MAX_DIMENSIONS) {
      throw wrong(
          "tensor '"
              + name
              + "' must have 1 to "
              + MAX_DIMENSIONS
              + " dimensions, got "
              + dimensions);
    }
    long[] shape = new long[(int) dimensions];
    long size = 1;
    for (int i = shape.length - 1; i >= 0; i--) {
      shape[i] = in.int64();
      if (shape[i] < 1 || shape[i] > Long.MAX_VALUE / 8 / size) {
        throw wrong(
            "tensor '"
                + name
                + "' has a dimension of "
                + Long.toUnsignedString(shape[i])
                + ", which no file can hold");
      }
      size *= shape[i];
    }
    long number = in.uint32();
    GgufType type =
        GgufType.numbered(number)
            .orElseThrow(
                () -> wrong("tensor '" + name + "' has the unknown type number " + number));
    long row = shape[shape.length - 1];
    if (row % type.blockSize() != 0) {
      throw wrong(
          "tensor '"
              + name
              + "' of type "
              + type
              + " must have rows of a multiple of "
              + type.blockSize()
              + ", got "
              + row);
    }
    long blocks = size / type.blockSize();
    if (blocks > Long.MAX_VALUE / type.blockBytes()) {
      throw wrong("tensor '" + name + "' has more bytes than 64 bits can count");
    }
    return new Entry(name, new Shape(shape), type, in.int64(), blocks * type.blockBytes());
  }

  /** Checks that tensors lie one after the other, as llama.cpp asks for. */
  private Map<String, GgufTensor> place(
      List<Entry> entries, long dataStart, int alignment, long fileLength)
      throws ModelFormatException {
    Map<String, GgufTensor> tensors = new LinkedHashMap<>();
    long end = 0;
    for (Entry entry : entries) {
      long begin = align(end, alignment);
      if (entry.offset() != begin) {
        throw wrong(
            "tensor '"
                + entry.name()
                + "' must start at "
                + begin
                + ", where the one before it ends and the alignment of "
                + alignment
                + " allows, but claims "
                + Long.toUnsignedString(entry.offset()));
      }
      if (entry.bytes() > fileLength - dataStart - begin) {
        throw wrong(
            "tensor '"
                + entry.name()
                + "' of "
                + entry.bytes()
                + " bytes ends beyond the file's "
                + fileLength
                + " bytes; it is cut off, get it again");
      }
      end = begin + entry.bytes();
      GgufTensor tensor =
          new GgufTensor(
              entry.name(), entry.shape(), entry.type(), dataStart + begin, entry.bytes());
      if (tensors.put(entry.name(), tensor) != null) {
        throw wrong("there is a tensor '" + entry.name() + "' twice");
      }
    }
    if (fileLength > align(dataStart + end, alignment)) {
      throw wrong(
          "the tensors end at byte " + (dataStart + end) + ", but the file has " + fileLength);
    }
    return tensors;
  }

  static long align(long position, int alignment) {
    return (position + alignment - 1) / alignment * alignment;
  }

  private ModelFormatException wrong(String what) {
    return new ModelFormatException(origin + ": " + what);
  }
}
