package dev.fare.training.reference;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.common.hash.Hashing;
import dev.fare.ImageEncoder;
import dev.fare.data.HostBatch;
import dev.fare.data.ImageDataset;
import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Path;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The original's embeddings of a fixed data set in a file, so that its forward pass is paid once,
 * for all epochs and for all runs on these data.
 *
 * <p>The file begins with a {@link ReferenceHeader}, which says whose embeddings it holds and of
 * which data. Then there is for each image a hash of its pixels, so that an image that has changed,
 * or is prepared in another way, is refused, the embedding, and a CRC-32C of both, little-endian.
 */
public final class ReferenceCache implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(ReferenceCache.class);
  private static final int PROBED_IMAGES = 16;

  /** An image that could not be read when the file was made. */
  static final long UNREADABLE = 0;

  private final Path file;
  private final RandomAccessFile content;
  private final int headerBytes;
  private final int embeddingSize;

  private ReferenceCache(Path file, int headerBytes, int embeddingSize) throws IOException {
    this.file = file;
    this.headerBytes = headerBytes;
    // not a channel: a channel closes when the training thread is interrupted
    content = new RandomAccessFile(file.toFile(), "r");
    this.embeddingSize = embeddingSize;
  }

  /**
   * Opens the file of some data and an original, which is made if absent or damaged.
   *
   * @param directory made if absent; null for no cache
   * @return null without a directory, and where it was asked to stop before the file was made
   * @throws IllegalStateException if the data are augmented
   * @throws UncheckedIOException if the file can't be made or read, or too many images can't be
   */
  public static @Nullable ReferenceCache openOrNull(
      @Nullable Path directory, ReferenceWriter.Order order) {
    try {
      return directory == null ? null : open(directory, order);
    } catch (ClosedByInterruptException | InterruptedIOException e) {
      return null;
    } catch (IOException e) {
      throw new UncheckedIOException(
          "the original's embeddings can't be kept in " + directory + ": " + e.getMessage(), e);
    }
  }

  private static ReferenceCache open(Path directory, ReferenceWriter.Order order)
      throws IOException {
    ImageDataset data = order.data();
    ImageEncoder original = order.original();
    ReferenceHeader header = ReferenceHeader.of(data, original, order.weights());
    int rowBytes = rowBytes(original.embeddingSize());
    Path file = header.fileIn(directory, rowBytes);
    if (!header.isWhole(file, rowBytes)) {
      refuseAugmented(data, original.imageSize());
      LOG.info("embedding {} images once for {}", data.size(), file);
      new ReferenceWriter(order, header).write(file);
    }
    return new ReferenceCache(file, header.size(), original.embeddingSize());
  }

  /** A look at a few images saves embedding all of them in vain; the hashes tell in any case. */
  private static void refuseAugmented(ImageDataset data, int imageSize) {
    for (int i = 0; i < Math.min(data.size(), PROBED_IMAGES); i++) {
      ImageDataset epoch = data.atEpoch(i);
      if (epoch.equals(data)) {
        return;
      }
      FloatBuffer plain = FloatBuffer.allocate(3 * imageSize * imageSize);
      FloatBuffer trained = FloatBuffer.allocate(plain.capacity());
      try {
        data.read(i, imageSize, plain);
        epoch.read(i, imageSize, trained);
      } catch (IOException e) {
        continue; // unreadable images are counted elsewhere
      }
      if (!plain.flip().equals(trained.flip())) {
        throw new IllegalStateException(
            "the data are augmented: an image differs from epoch to epoch, and referenceCache keeps"
                + " one embedding of each. Train without referenceCache, or without augmentation");
      }
    }
  }

  static int rowBytes(int embeddingSize) {
    return Long.BYTES + embeddingSize * Float.BYTES + Integer.BYTES;
  }

  /** Whether a row, from position 0 on, has its own checksum. */
  static boolean isIntact(ByteBuffer row) {
    int end = row.capacity() - Integer.BYTES;
    return row.getInt(end) == checksum(row.duplicate().clear().limit(end));
  }

  /** What a row is checked against: the pixels as they go into the encoder, never 0. */
  static long hash(ByteBuffer pixels) {
    long hash = Hashing.murmur3_128().hashBytes(pixels).asLong();
    return hash == UNREADABLE ? 1 : hash;
  }

  static int checksum(ByteBuffer row) {
    CRC32C checksum = new CRC32C();
    checksum.update(row);
    return (int) checksum.getValue();
  }

  /**
   * The original's embeddings of a batch, {@code [images,D]}.
   *
   * @throws IllegalStateException if an image is not what it was when the file was made
   * @throws UncheckedIOException if the file can't be read or is damaged
   */
  public NDArray read(HostBatch batch, NDManager manager) {
    FloatBuffer embeddings = FloatBuffer.allocate(batch.images() * embeddingSize);
    ByteBuffer row = ByteBuffer.allocate(rowBytes(embeddingSize)).order(ByteOrder.LITTLE_ENDIAN);
    try {
      for (int i = 0; i < batch.images(); i++) {
        int index = batch.indices()[i];
        read(index, row.clear());
        check(row, index, hash(batch.imageBytes(i)));
        embeddings.put(row.position(Long.BYTES).asFloatBuffer().limit(embeddingSize));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(
          "the original's embeddings can't be read from " + file + ": " + e.getMessage(), e);
    }
    return manager.create(embeddings.array(), new Shape(batch.images(), embeddingSize));
  }

  private void read(int index, ByteBuffer row) throws IOException {
    try {
      content.seek(headerBytes + (long) index * row.capacity());
      content.readFully(row.array());
    } catch (EOFException e) {
      throw new IOException("it ends early", e);
    }
  }

  private void check(ByteBuffer row, int index, long expectedHash) throws IOException {
    if (!isIntact(row)) {
      throw new IOException("the row of image " + index + " is damaged; delete the file");
    }
    if (row.getLong(0) != expectedHash) {
      throw new IllegalStateException(
          "image "
              + index
              + " is not the one whose embedding is kept in "
              + file
              + ": the data have changed or are augmented. Delete the file, or train without"
              + " referenceCache");
    }
  }

  @Override
  public void close() {
    try {
      content.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
