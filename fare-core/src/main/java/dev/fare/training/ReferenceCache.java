package dev.fare.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.common.hash.Hashing;
import dev.fare.data.HostBatch;
import dev.fare.data.ImageDataset;
import dev.fare.data.ImageGathering;
import dev.fare.data.UnreadableImages;
import dev.fare.io.AtomicFile;
import dev.fare.torch.GradMode;
import dev.fare.torch.TensorScope;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The original's embeddings of a fixed data set in a file, so that its forward pass is paid once,
 * for all epochs and for all runs on these data.
 *
 * <p>A {@link ReferenceHeader} says whose embeddings they are; every row carries a hash of the
 * pixels it was made of, so that an image that has changed, or is prepared in another way, is
 * refused, and a checksum of itself.
 *
 * <p>Layout, little-endian: the header, then for each image its pixels' hash, the embedding, and a
 * CRC-32C of both.
 */
final class ReferenceCache implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(ReferenceCache.class);

  /** An image that could not be read when the file was made. */
  private static final long UNREADABLE = 0;

  private final Path file;
  private final FileChannel channel;
  private final int headerBytes;
  private final int embeddingSize;

  private ReferenceCache(Path file, FileChannel channel, int headerBytes, int embeddingSize) {
    this.file = file;
    this.channel = channel;
    this.headerBytes = headerBytes;
    this.embeddingSize = embeddingSize;
  }

  /**
   * Opens the file of these data and this original, which is made if absent or damaged.
   *
   * @param directory made if absent
   * @param batchSize images that the original sees together, as in training
   * @param loaderThreads that read them, 0 for the calling thread
   * @param unreadable hears of images that can't be read
   */
  static ReferenceCache open(
      Path directory,
      ImageDataset data,
      TrainableEncoder original,
      int batchSize,
      int loaderThreads,
      UnreadableImages unreadable)
      throws IOException {
    ReferenceHeader header = ReferenceHeader.of(data, original);
    int rowBytes = rowBytes(original.embeddingSize());
    Path file = header.fileIn(directory, rowBytes);
    if (!header.isWhole(file, rowBytes)) {
      LOG.info("embedding {} images once for {}", data.size(), file);
      ImageGathering images = new ImageGathering(data, original.imageSize(), loaderThreads);
      Writer writer = new Writer(images, original, batchSize, unreadable);
      AtomicFile.write(
          file,
          target -> {
            AtomicFile.writeFully(target, header.bytes());
            writer.writeRows(target);
          });
    }
    return new ReferenceCache(
        file, FileChannel.open(file), header.size(), original.embeddingSize());
  }

  private static NDArray deviceOf(TrainableEncoder encoder) {
    return encoder.parameters().values().iterator().next();
  }

  private static int rowBytes(int embeddingSize) {
    return Long.BYTES + embeddingSize * Float.BYTES + Integer.BYTES;
  }

  /** What a row is checked against: the pixels as they go into the encoder, never 0. */
  private static long hash(ByteBuffer pixels) {
    long hash = Hashing.murmur3_128().hashBytes(pixels).asLong();
    return hash == UNREADABLE ? 1 : hash;
  }

  private static int checksum(ByteBuffer row) {
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
  NDArray read(HostBatch batch, NDManager manager) {
    FloatBuffer embeddings = FloatBuffer.allocate(batch.images() * embeddingSize);
    ByteBuffer row = ByteBuffer.allocate(rowBytes(embeddingSize)).order(ByteOrder.LITTLE_ENDIAN);
    try {
      for (int i = 0; i < batch.images(); i++) {
        int index = batch.indices()[i];
        readFully(channel, row.clear(), headerBytes + (long) index * row.capacity());
        check(row, index, hash(batch.imageBytes(i)));
        embeddings.put(row.position(Long.BYTES).asFloatBuffer().limit(embeddingSize));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(
          "the original's embeddings can't be read from " + file + ": " + e.getMessage(), e);
    }
    return manager.create(embeddings.array(), new Shape(batch.images(), embeddingSize));
  }

  private void check(ByteBuffer row, int index, long expectedHash) throws IOException {
    int end = row.capacity() - Integer.BYTES;
    if (row.getInt(end) != checksum(row.duplicate().limit(end))) {
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

  private static void readFully(FileChannel channel, ByteBuffer target, long position)
      throws IOException {
    long at = position;
    while (target.hasRemaining()) {
      int read = channel.read(target, at);
      if (read < 0) {
        throw new IOException("it ends early");
      }
      at += read;
    }
    target.flip();
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Embeds a data set, batch after batch. */
  private record Writer(
      ImageGathering images,
      TrainableEncoder original,
      int batchSize,
      UnreadableImages unreadable) {

    void writeRows(WritableByteChannel target) throws IOException {
      for (int from = 0; from < images.data().size(); from += batchSize) {
        int end = Math.min(from + batchSize, images.data().size());
        List<Integer> chosen = IntStream.range(from, end).boxed().toList();
        Set<Integer> missing = new HashSet<>();
        FloatBuffer read =
            images.read(
                chosen,
                (position, reason) -> {
                  unreadable.add(chosen.get(position), reason);
                  missing.add(position);
                });
        long[] hashes = new long[chosen.size()];
        for (int i = 0; i < hashes.length; i++) {
          hashes[i] = missing.contains(i) ? UNREADABLE : hash(bytes(read, i));
        }
        // a batch is full: rounding may depend on its size
        float[] pixels = Arrays.copyOf(read.array(), batchSize * imageFloats());
        AtomicFile.writeFully(target, rows(hashes, embed(pixels)));
      }
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

    private float[] embed(float[] pixels) {
      int side = original.imageSize();
      try (TensorScope scope = TensorScope.of(deviceOf(original));
          GradMode off = GradMode.off()) {
        NDArray batch = scope.manager().create(pixels, new Shape(batchSize, 3, side, side));
        return original.embed(batch).toFloatArray();
      }
    }

    private ByteBuffer rows(long[] hashes, float[] embeddings) {
      int size = original.embeddingSize();
      ByteBuffer rows =
          ByteBuffer.allocate(hashes.length * rowBytes(size)).order(ByteOrder.LITTLE_ENDIAN);
      for (int i = 0; i < hashes.length; i++) {
        int start = rows.position();
        rows.putLong(hashes[i]);
        for (int j = 0; j < size; j++) {
          rows.putFloat(embeddings[i * size + j]);
        }
        rows.putInt(checksum(rows.duplicate().flip().position(start)));
      }
      return rows.flip();
    }
  }
}
