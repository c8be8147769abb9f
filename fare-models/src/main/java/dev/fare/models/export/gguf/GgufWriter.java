package dev.fare.models.export.gguf;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
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

/** Writes a GGUF file that is another one with some of its tensors replaced. */
final class GgufWriter {

  private final GgufFile base;
  private final List<GgufTensor> tensors;
  private final Map<String, NDArray> replaced;

  private GgufWriter(GgufFile base, List<GgufTensor> tensors, Map<String, NDArray> replaced) {
    this.base = base;
    this.tensors = tensors;
    this.replaced = replaced;
  }

  /**
   * Writes the file; metadata and other tensors are copied byte for byte.
   *
   * @param replaced by name, of the shapes that they have in the base
   */
  static void write(GgufFile base, Map<String, NDArray> replaced, Path target) throws IOException {
    List<GgufTensor> tensors = new ArrayList<>();
    long end = 0;
    for (GgufTensor tensor : base.tensors().values()) {
      GgufType type = tensor.type();
      if (replaced.containsKey(tensor.name()) && type != GgufType.F32) {
        type = GgufType.F16;
      }
      long size = tensor.shape().size() / type.blockSize() * type.blockBytes();
      long begin = GgufHeader.align(end, base.alignment());
      tensors.add(new GgufTensor(tensor.name(), tensor.shape(), type, begin, size));
      end = begin + size;
    }
    GgufWriter writer = new GgufWriter(base, tensors, replaced);
    AtomicFile.write(target, writer::writeTo);
  }

  private void writeTo(OutputStream out) throws IOException {
    copy(0, base.metadataEnd(), out);
    long position = base.metadataEnd();
    for (GgufTensor tensor : tensors) {
      byte[] entry = entry(tensor);
      position += entry.length;
      out.write(entry);
    }
    pad(out, position);
    for (GgufTensor tensor : tensors) {
      NDArray ours = replaced.get(tensor.name());
      if (ours == null) {
        GgufTensor theirs = requireNonNull(base.tensors().get(tensor.name()));
        copy(theirs.position(), theirs.bytes(), out);
      } else {
        DataType type = tensor.type() == GgufType.F32 ? DataType.FLOAT32 : DataType.FLOAT16;
        try (GradMode off = GradMode.noGrad()) {
          TensorBytes.checkRange(ours, type, tensor.name());
          TensorBytes.write(ours, type, out);
        }
      }
      pad(out, tensor.bytes());
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
    long gap = GgufHeader.align(end, base.alignment()) - end;
    out.write(new byte[(int) gap]);
  }

  private void copy(long from, long count, OutputStream out) throws IOException {
    try (InputStream in = new FileSlice(base.path(), from, count).open(0)) {
      if (ByteStreams.limit(in, count).transferTo(out) < count) {
        throw new ModelFormatException(base.path() + ": the file became shorter meanwhile");
      }
    }
  }
}
