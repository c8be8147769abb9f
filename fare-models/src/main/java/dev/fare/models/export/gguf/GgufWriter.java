package dev.fare.models.export.gguf;

import static java.nio.charset.StandardCharsets.UTF_8;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.fare.io.AtomicFile;
import dev.fare.io.ModelFormatException;
import dev.fare.torch.GradMode;
import dev.fare.torch.TensorBytes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
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
    try (FileChannel source = FileChannel.open(base.path())) {
      for (GgufTensor tensor : base.tensors().values()) {
        NDArray ours = replaced.get(tensor.name());
        if (ours == null) {
          writer.add(
              tensor.name(),
              tensor.shape(),
              tensor.type(),
              channel -> copy(base, source, tensor.position(), tensor.bytes(), channel));
        } else {
          GgufType type = tensor.type() == GgufType.F32 ? GgufType.F32 : GgufType.F16;
          writer.add(
              tensor.name(),
              tensor.shape(),
              type,
              channel -> writeNumbers(tensor.name(), ours, type, channel));
        }
      }
      ByteBuffer begin =
          begin(base.version(), writer.parts.size(), base.metadata().size() + further.count());
      AtomicFile.write(
          target,
          channel -> {
            AtomicFile.writeFully(channel, begin);
            copy(base, source, COUNTS_END, base.metadataEnd() - COUNTS_END, channel);
            AtomicFile.writeFully(channel, ByteBuffer.wrap(further.toBytes()));
            writer.writeTensors(base.metadataEnd() + further.toBytes().length, channel);
          });
    }
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
                channel -> {
                  try (NDManager step = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
                    writeNumbers(name, data.values().read(step), data.type(), channel);
                  }
                }));
    byte[] entries = metadata.toBytes();
    AtomicFile.write(
        target,
        channel -> {
          AtomicFile.writeFully(channel, begin(VERSION, tensors.size(), metadata.count()));
          AtomicFile.writeFully(channel, ByteBuffer.wrap(entries));
          writer.writeTensors(COUNTS_END + (long) entries.length, channel);
        });
  }

  private static ByteBuffer begin(int version, long tensors, long entries) {
    return ByteBuffer.allocate(COUNTS_END)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(GgufHeader.MAGIC)
        .putInt(version)
        .putLong(tensors)
        .putLong(entries)
        .flip();
  }

  private void add(String name, Shape shape, GgufType type, AtomicFile.Content content) {
    long size = shape.size() / type.blockSize() * type.blockBytes();
    long begin = GgufHeader.align(end, alignment);
    parts.add(new Part(new GgufTensor(name, shape, type, begin, size), content));
    end = begin + size;
  }

  private void writeTensors(long headerEnd, WritableByteChannel channel) throws IOException {
    long position = headerEnd;
    for (Part part : parts) {
      ByteBuffer entry = entry(part.tensor());
      position += entry.remaining();
      AtomicFile.writeFully(channel, entry);
    }
    pad(channel, position);
    for (Part part : parts) {
      part.content().writeTo(channel);
      pad(channel, part.tensor().bytes());
    }
  }

  private static void writeNumbers(
      String name, NDArray numbers, GgufType type, WritableByteChannel channel) throws IOException {
    DataType stored = type == GgufType.F32 ? DataType.FLOAT32 : DataType.FLOAT16;
    try (GradMode off = GradMode.noGrad()) {
      TensorBytes.checkRange(numbers, stored, name);
      TensorBytes.forEach(numbers, stored, bytes -> AtomicFile.writeFully(channel, bytes));
    }
  }

  /** A tensor's entry in the header; its position counts from the beginning of the data. */
  private static ByteBuffer entry(GgufTensor tensor) {
    byte[] name = tensor.name().getBytes(UTF_8);
    long[] shape = tensor.shape().getShape();
    ByteBuffer entry =
        ByteBuffer.allocate(8 + name.length + 4 + 8 * shape.length + 4 + 8)
            .order(ByteOrder.LITTLE_ENDIAN);
    entry.putLong(name.length).put(name).putInt(shape.length);
    for (int i = shape.length - 1; i >= 0; i--) {
      entry.putLong(shape[i]);
    }
    return entry.putInt(tensor.type().number()).putLong(tensor.position()).flip();
  }

  /** Zeros up to the alignment; tensors begin aligned, so that their lengths count alone. */
  private void pad(WritableByteChannel channel, long end) throws IOException {
    long gap = GgufHeader.align(end, alignment) - end;
    AtomicFile.writeFully(channel, ByteBuffer.allocate((int) gap));
  }

  private static void copy(
      GgufFile base, FileChannel source, long from, long count, WritableByteChannel target)
      throws IOException {
    for (long done = 0; done < count; ) {
      long moved = source.transferTo(from + done, count - done, target);
      if (moved <= 0) {
        throw new ModelFormatException(base.path() + ": the file became shorter meanwhile");
      }
      done += moved;
    }
  }
}
