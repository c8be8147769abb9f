package dev.fare.models.export.gguf;

import static java.nio.charset.StandardCharsets.UTF_8;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.common.io.ByteStreams;
import dev.fare.io.AtomicFile;
import dev.fare.io.FileSlice;
import dev.fare.io.ModelFormatException;
import dev.fare.torch.GradMode;
import dev.fare.torch.TensorBytes;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Writes GGUF files: new ones, and others with some of their tensors replaced. */
final class GgufWriter {

  private static final int VERSION = 3;
  private static final int COUNTS_END = 24;

  /** A tensor and what writes its bytes. */
  private record Part(GgufTensor tensor, AtomicFile.Content content) {}

  private final int alignment;
  private final List<Part> parts = new ArrayList<>();
  private long end;

  private GgufWriter(int alignment) {
    this.alignment = alignment;
  }

  /**
   * Writes another file with some tensors replaced; the rest of it is copied byte for byte.
   *
   * @param further metadata that are put behind those of the base
   * @param replaced by name, of the shapes that they have in the base
   */
  static void write(GgufFile base, GgufMetadata further, Map<String, NDArray> replaced, Path target)
      throws IOException {
    GgufWriter writer = new GgufWriter(base.alignment());
    for (GgufTensor tensor : base.tensors().values()) {
      NDArray ours = replaced.get(tensor.name());
      if (ours == null) {
        writer.add(
            tensor.name(),
            tensor.shape(),
            tensor.type(),
            out -> copy(base, tensor.position(), tensor.bytes(), out));
      } else {
        GgufType type = tensor.type() == GgufType.F32 ? GgufType.F32 : GgufType.F16;
        writer.add(
            tensor.name(),
            tensor.shape(),
            type,
            out -> writeNumbers(tensor.name(), ours, type, out));
      }
    }
    byte[] begin =
        begin(base.version(), writer.parts.size(), base.metadata().size() + further.count());
    AtomicFile.write(
        target,
        out -> {
          out.write(begin);
          copy(base, COUNTS_END, base.metadataEnd() - COUNTS_END, out);
          out.write(further.toBytes());
          writer.writeTensors(base.metadataEnd() + further.toBytes().length, out);
        });
  }

  /**
   * Writes a new file.
   *
   * @param tensors by name, in their order
   */
  static void write(GgufMetadata metadata, Map<String, GgufData> tensors, Path target)
      throws IOException {
    GgufWriter writer = new GgufWriter(GgufHeader.DEFAULT_ALIGNMENT);
    tensors.forEach(
        (name, data) ->
            writer.add(
                name,
                data.values().shape(),
                data.type(),
                out -> {
                  try (NDManager step = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
                    writeNumbers(name, data.values().read(step), data.type(), out);
                  }
                }));
    byte[] entries = metadata.toBytes();
    AtomicFile.write(
        target,
        out -> {
          out.write(begin(VERSION, tensors.size(), metadata.count()));
          out.write(entries);
          writer.writeTensors(COUNTS_END + (long) entries.length, out);
        });
  }

  private static byte[] begin(int version, long tensors, long entries) {
    return ByteBuffer.allocate(COUNTS_END)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(GgufHeader.MAGIC)
        .putInt(version)
        .putLong(tensors)
        .putLong(entries)
        .array();
  }

  private void add(String name, Shape shape, GgufType type, AtomicFile.Content content) {
    long size = shape.size() / type.blockSize() * type.blockBytes();
    long begin = GgufHeader.align(end, alignment);
    parts.add(new Part(new GgufTensor(name, shape, type, begin, size), content));
    end = begin + size;
  }

  private void writeTensors(long headerEnd, OutputStream out) throws IOException {
    long position = headerEnd;
    for (Part part : parts) {
      byte[] entry = entry(part.tensor());
      position += entry.length;
      out.write(entry);
    }
    pad(out, position);
    for (Part part : parts) {
      part.content().writeTo(out);
      pad(out, part.tensor().bytes());
    }
  }

  private static void writeNumbers(String name, NDArray numbers, GgufType type, OutputStream out)
      throws IOException {
    DataType stored = type == GgufType.F32 ? DataType.FLOAT32 : DataType.FLOAT16;
    try (GradMode off = GradMode.noGrad()) {
      TensorBytes.checkRange(numbers, stored, name);
      TensorBytes.write(numbers, stored, out);
    }
  }

  /** A tensor's entry in the header; its position counts from the beginning of the data. */
  private static byte[] entry(GgufTensor tensor) {
    byte[] name = tensor.name().getBytes(UTF_8);
    long[] shape = tensor.shape().getShape();
    ByteBuffer entry =
        ByteBuffer.allocate(8 + name.length + 4 + 8 * shape.length + 4 + 8)
            .order(ByteOrder.LITTLE_ENDIAN);
    entry.putLong(name.length).put(name).putInt(shape.length);
    for (int i = shape.length - 1; i >= 0; i--) {
      entry.putLong(shape[i]);
    }
    return entry.putInt(tensor.type().number()).putLong(tensor.position()).array();
  }

  /** Zeros up to the alignment; tensors begin aligned, so that their lengths count alone. */
  private void pad(OutputStream out, long end) throws IOException {
    long gap = GgufHeader.align(end, alignment) - end;
    out.write(new byte[(int) gap]);
  }

  private static void copy(GgufFile base, long from, long count, OutputStream out)
      throws IOException {
    try (InputStream in = new FileSlice(base.path(), from, count).open(0)) {
      if (ByteStreams.limit(in, count).transferTo(out) < count) {
        throw new ModelFormatException(base.path() + ": the file became shorter meanwhile");
      }
    }
  }
}
