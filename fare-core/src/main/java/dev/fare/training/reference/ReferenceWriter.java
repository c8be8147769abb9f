package dev.fare.training.reference;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dev.fare.ImageEncoder;
import dev.fare.data.ImageDataset;
import dev.fare.data.ParallelImageReader;
import dev.fare.data.UnreadableImages;
import dev.fare.io.AtomicFile;
import dev.fare.torch.GradMode;
import dev.fare.torch.Host;
import dev.fare.torch.MicroBatch;
import dev.fare.torch.TensorScope;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Makes the file of a {@link ReferenceCache}: embeds a data set, batch after batch, into a hidden
 * file beside it. Where that is stopped or fails, the next one goes on with what is there.
 */
public final class ReferenceWriter {

  /**
   * What is embedded, and how.
   *
   * @param weights the fingerprint of the original's
   * @param microBatch images that the original sees together, as in training
   * @param loaderThreads that read them, 0 for the calling thread
   * @param unreadable hears of images that can't be read
   * @param stopRequested asked before each batch
   */
  public record Order(
      ImageDataset data,
      ImageEncoder original,
      String weights,
      MicroBatch microBatch,
      int loaderThreads,
      UnreadableImages unreadable,
      BooleanSupplier stopRequested) {}

  /** Takes rows as they are made. */
  private interface Rows {
    void write(byte[] rows) throws IOException;
  }

  private final Order order;
  private final ReferenceHeader header;
  private final ImageEncoder original;
  private final MicroBatch microBatch;
  private final ParallelImageReader images;

  ReferenceWriter(Order order, ReferenceHeader header) {
    this.order = order;
    this.header = header;
    original = order.original();
    microBatch = order.microBatch();
    images = new ParallelImageReader(order.data(), original.imageSize(), order.loaderThreads());
  }

  /**
   * Makes the file; it is whole or absent.
   *
   * @throws InterruptedIOException if it was stopped
   */
  void write(Path file) throws IOException {
    Path absolute = file.toAbsolutePath();
    Path part = absolute.resolveSibling("." + absolute.getFileName() + ".part");
    Files.createDirectories(part.getParent());
    try (RandomAccessFile content = new RandomAccessFile(part.toFile(), "rw");
        FileLock lock = lock(content)) {
      if (lock == null) { // somebody else is at it, and who is done first wins
        AtomicFile.write(
            absolute,
            target -> {
              target.write(header.bytes().array());
              writeRows(0, target::write);
            });
      } else if (Files.exists(part)) { // and not finished by somebody else meanwhile
        long done = rowsDone(content);
        content.setLength(header.size() + done * rowBytes());
        content.seek(content.length());
        writeRows(done, content::write);
        content.getFD().sync();
        AtomicFile.publish(part, absolute);
      }
    }
  }

  private static @Nullable FileLock lock(RandomAccessFile content) throws IOException {
    try {
      return content.getChannel().tryLock();
    } catch (OverlappingFileLockException e) {
      return null; // of this JVM
    }
  }

  /** How many rows there are, in whole batches; the header is written where there is none. */
  private long rowsDone(RandomAccessFile content) throws IOException {
    ByteBuffer found = ByteBuffer.allocate(header.size());
    content.seek(0);
    if (content.length() >= found.capacity()) {
      content.readFully(found.array());
    }
    if (!header.isSame(found)) {
      content.seek(0);
      content.write(header.bytes().array());
      return 0;
    }
    long rows = Math.min((content.length() - found.capacity()) / rowBytes(), order.data().size());
    ByteBuffer row = ByteBuffer.allocate(rowBytes()).order(ByteOrder.LITTLE_ENDIAN);
    long done = 0;
    while (done < rows) {
      content.readFully(row.array());
      if (!ReferenceCache.isIntact(row)) {
        break;
      }
      done++;
    }
    return done - done % microBatch.images();
  }

  private int rowBytes() {
    return ReferenceCache.rowBytes(original.embeddingSize());
  }

  private void writeRows(long first, Rows target) throws IOException {
    int from = Math.toIntExact(first);
    while (from < order.data().size()) {
      if (order.stopRequested().getAsBoolean()) {
        throw new InterruptedIOException("asked to stop");
      }
      int end = Math.min(from + microBatch.images(), order.data().size());
      writeRows(IntStream.range(from, end).boxed().toList(), target);
      from = end;
    }
  }

  private void writeRows(List<Integer> chosen, Rows target) throws IOException {
    Set<Integer> missing = new HashSet<>();
    FloatBuffer read =
        images.read(
            chosen,
            (position, reason) -> {
              order.unreadable().add(chosen.get(position), reason);
              missing.add(position);
            });
    long[] hashes = new long[chosen.size()];
    for (int i = 0; i < hashes.length; i++) {
      hashes[i] =
          missing.contains(i) ? ReferenceCache.UNREADABLE : ReferenceCache.hash(bytes(read, i));
    }
    float[] embeddings =
        microBatch.fit(
            chosen.size(),
            "image " + chosen.get(0) + " of the reference cache",
            size -> embed(read.array(), size));
    target.write(rows(hashes, embeddings).array());
  }

  private int imageFloats() {
    return 3 * images.imageSize() * images.imageSize();
  }

  private ByteBuffer bytes(FloatBuffer pixels, int image) {
    int size = imageFloats();
    ByteBuffer bytes = ByteBuffer.allocate(size * Float.BYTES).order(ByteOrder.nativeOrder());
    bytes.asFloatBuffer().put(pixels.slice(image * size, size));
    return bytes;
  }

  /** Each part is full: rounding may depend on its size. */
  private float[] embed(float[] pixels, int size) {
    int count = pixels.length / imageFloats();
    float[] embeddings = new float[count * original.embeddingSize()];
    for (int from = 0; from < count; from += size) {
      int start = from * imageFloats();
      float[] part =
          embedPart(Arrays.copyOfRange(pixels, start, start + size * imageFloats()), size);
      int at = from * original.embeddingSize();
      System.arraycopy(part, 0, embeddings, at, Math.min(part.length, embeddings.length - at));
    }
    return embeddings;
  }

  private float[] embedPart(float[] pixels, int size) {
    int side = original.imageSize();
    try (TensorScope scope = TensorScope.on(original.device());
        GradMode off = GradMode.noGrad()) {
      NDArray batch = scope.manager().create(pixels, new Shape(size, 3, side, side));
      return Host.floats(original.embed(batch));
    }
  }

  private ByteBuffer rows(long[] hashes, float[] embeddings) {
    int size = original.embeddingSize();
    ByteBuffer rows =
        ByteBuffer.allocate(hashes.length * rowBytes()).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < hashes.length; i++) {
      int start = rows.position();
      rows.putLong(hashes[i]);
      for (int j = 0; j < size; j++) {
        rows.putFloat(embeddings[i * size + j]);
      }
      rows.putInt(ReferenceCache.checksum(rows.duplicate().flip().position(start)));
    }
    return rows.flip();
  }
}
