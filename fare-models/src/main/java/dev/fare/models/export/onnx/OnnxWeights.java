package dev.fare.models.export.onnx;

import ai.djl.ndarray.types.Shape;
import com.google.common.primitives.Longs;
import dev.fare.io.ElementType;
import dev.fare.io.LazyTensor;
import dev.fare.io.ModelFormatException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads the floating-point initializers of an ONNX file, wherever their numbers lie. */
final class OnnxWeights {

  private static final long FLOAT32 = 1;
  private static final long FLOAT16 = 10;
  private static final int MAX_DIMENSIONS = 8;

  private final Path file;
  private final ProtoInput in;
  private final Map<String, LazyTensor> tensors = new LinkedHashMap<>();

  private OnnxWeights(Path file, RandomAccessFile open) {
    this.file = file;
    in = new ProtoInput(open, file.toString());
  }

  /**
   * Reads a file.
   *
   * @return by name
   * @throws ModelFormatException if it is damaged or cut off
   */
  static Map<String, LazyTensor> read(Path file) throws IOException {
    try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "r")) {
      OnnxWeights weights = new OnnxWeights(file, open);
      long end = open.length();
      while (weights.in.position() < end) {
        weights.model(end);
      }
      return weights.tensors;
    }
  }

  /** One field of a ModelProto. */
  private void model(long end) throws IOException {
    long tag = in.varint();
    if (tag != tag(7, ProtoInput.LENGTH_DELIMITED)) {
      in.skip((int) (tag & 7), end);
      return;
    }
    long graphEnd = in.end(end);
    while (in.position() < graphEnd) {
      long field = in.varint();
      if (field == tag(5, ProtoInput.LENGTH_DELIMITED)) {
        tensor(in.end(graphEnd));
      } else {
        in.skip((int) (field & 7), graphEnd);
      }
    }
  }

  /** A TensorProto. */
  private void tensor(long end) throws IOException {
    List<Long> shape = new ArrayList<>();
    Map<String, String> place = new HashMap<>();
    String name = "";
    long type = 0;
    long position = -1;
    long length = -1;
    while (in.position() < end) {
      long tag = in.varint();
      if (tag == tag(1, ProtoInput.VARINT)) {
        shape.add(in.varint());
      } else if (tag == tag(2, ProtoInput.VARINT)) {
        type = in.varint();
      } else if (tag == tag(8, ProtoInput.LENGTH_DELIMITED)) {
        name = in.text(in.end(end));
      } else if (tag == tag(9, ProtoInput.LENGTH_DELIMITED)) {
        long dataEnd = in.end(end);
        position = in.position();
        length = dataEnd - position;
        in.skipTo(dataEnd);
      } else if (tag == tag(13, ProtoInput.LENGTH_DELIMITED)) {
        entry(in.end(end), place);
      } else {
        in.skip((int) (tag & 7), end);
      }
    }
    if (type != FLOAT32 && type != FLOAT16) {
      return;
    }
    Path data = file;
    if (!place.isEmpty()) {
      data = file.resolveSibling(place.getOrDefault("location", ""));
      position = number(place.getOrDefault("offset", "0"), name);
      length = number(place.getOrDefault("length", "-1"), name);
    }
    add(name, type == FLOAT32 ? ElementType.F32 : ElementType.F16, shape, data, position, length);
  }

  private void add(
      String name, ElementType type, List<Long> dimensions, Path data, long position, long length)
      throws IOException {
    boolean isShape =
        dimensions.size() <= MAX_DIMENSIONS
            && dimensions.stream().allMatch(size -> size > 0 && size < 1L << 32);
    Shape shape = new Shape(isShape ? Longs.toArray(dimensions) : new long[] {0});
    if (!isShape
        || position < 0
        || length != type.bytesOf(shape)
        || position > Files.size(data) - length) {
      throw in.wrong(
          "gives tensor '%s' of shape %s %s bytes at %s of %s"
              .formatted(name, dimensions, length, position, data));
    }
    if (tensors.put(name, LazyTensor.inFile(data, name, position, type, shape)) != null) {
      throw in.wrong("has the tensor '" + name + "' twice");
    }
  }

  private void entry(long end, Map<String, String> entries) throws IOException {
    String key = "";
    String value = "";
    while (in.position() < end) {
      long tag = in.varint();
      if (tag == tag(1, ProtoInput.LENGTH_DELIMITED)) {
        key = in.text(in.end(end));
      } else if (tag == tag(2, ProtoInput.LENGTH_DELIMITED)) {
        value = in.text(in.end(end));
      } else {
        in.skip((int) (tag & 7), end);
      }
    }
    entries.put(key, value);
  }

  private long number(String text, String name) throws ModelFormatException {
    Long number = Longs.tryParse(text);
    if (number == null) {
      throw in.wrong("places the tensor '" + name + "' at '" + text + "', which is no number");
    }
    return number;
  }

  private static long tag(int field, int wireType) {
    return (long) field << 3 | wireType;
  }
}
