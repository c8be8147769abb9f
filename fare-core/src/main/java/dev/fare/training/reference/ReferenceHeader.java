package dev.fare.training.reference;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import com.google.common.hash.HashCode;
import com.google.common.hash.Hashing;
import dev.fare.ImageEncoder;
import dev.fare.data.ImageDataset;
import dev.fare.torch.GradMode;
import dev.fare.torch.Host;
import dev.fare.torch.TensorScope;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What a file of reference embeddings says of itself: whose they are, and of which images.
 *
 * <p>The key is a SHA-256 of the original's weights, the data's identity and the image size. What
 * the weights don't tell, an architecture's activation or a precision, shows in what the encoder
 * makes of a test image, which is compared up to rounding: another processor or number of threads
 * finds the same file.
 *
 * <p>Layout, little-endian: a magic number, the key, the number of images, the length of an
 * embedding, and the test image's embedding.
 */
@SuppressWarnings("ArrayRecordComponent") // never compared as a whole
record ReferenceHeader(byte[] key, int images, float[] probe) {

  private static final long MAGIC = 0x32464552_45524146L; // "FAREREF2"
  private static final int KEY_BYTES = 32;

  /**
   * How far the test image's embedding may be off, relative to its length. Rounding in float32 is
   * at 1e-6 to 1e-5, float16 at 5e-4 and more.
   */
  private static final double TOLERANCE = 1e-4;

  /**
   * The header of these data and this original.
   *
   * @param weights the fingerprint of the original's
   */
  static ReferenceHeader of(ImageDataset data, ImageEncoder original, String weights) {
    byte[] key =
        Hashing.sha256()
            .newHasher()
            .putString(weights, StandardCharsets.UTF_8)
            .putString(data.identity(), StandardCharsets.UTF_8)
            .putInt(original.imageSize())
            .hash()
            .asBytes();
    return new ReferenceHeader(key, data.size(), probe(original));
  }

  private static float[] probe(ImageEncoder encoder) {
    int side = encoder.imageSize();
    float[] ramp = new float[3 * side * side];
    for (int i = 0; i < ramp.length; i++) {
      ramp[i] = (float) i / ramp.length;
    }
    try (TensorScope scope = TensorScope.on(encoder.device());
        GradMode off = GradMode.noGrad()) {
      NDArray pixels = scope.manager().create(ramp, new Shape(1, 3, side, side));
      return Host.floats(encoder.embed(pixels));
    }
  }

  /** How many bytes it has in the file. */
  int size() {
    return Long.BYTES + KEY_BYTES + 2 * Integer.BYTES + probe.length * Float.BYTES;
  }

  /** The header in the file's bytes. */
  ByteBuffer bytes() {
    ByteBuffer bytes = ByteBuffer.allocate(size()).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(MAGIC).put(key).putInt(images).putInt(probe.length);
    for (float value : probe) {
      bytes.putFloat(value);
    }
    return bytes.flip();
  }

  /**
   * The file of these embeddings, or where it is to be made: the first that is not a whole one of
   * the same weights in another precision or architecture.
   *
   * @param rowBytes of an image
   */
  Path fileIn(Path directory, int rowBytes) throws IOException {
    String name = "references-" + HashCode.fromBytes(key).toString().substring(0, 16);
    Path file = directory.resolve(name + ".bin");
    for (int other = 1; isWhole(file, rowBytes) && !hasSameProbe(read(file)); other++) {
      file = directory.resolve(name + "-" + other + ".bin");
    }
    return file;
  }

  /** Whether a file of these data and weights is there, as long as it should be. */
  boolean isWhole(Path file, int rowBytes) throws IOException {
    return Files.exists(file)
        && Files.size(file) == size() + (long) images * rowBytes
        && hasSameKey(read(file));
  }

  /** Whether these bytes are a header of the same data, weights and arithmetic. */
  boolean isSame(ByteBuffer found) {
    return hasSameKey(found) && hasSameProbe(found);
  }

  private boolean hasSameKey(ByteBuffer found) {
    int end = size() - probe.length * Float.BYTES;
    return found.limit() == size() && found.slice(0, end).equals(bytes().limit(end));
  }

  private boolean hasSameProbe(ByteBuffer found) {
    int start = size() - probe.length * Float.BYTES;
    ByteBuffer floats = found.slice(start, size() - start).order(ByteOrder.LITTLE_ENDIAN);
    double difference = 0;
    double length = 0;
    for (float value : probe) {
      difference += Math.pow(floats.getFloat() - value, 2);
      length += Math.pow(value, 2);
    }
    return Math.sqrt(difference) <= TOLERANCE * Math.sqrt(length);
  }

  private ByteBuffer read(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return ByteBuffer.wrap(in.readNBytes(size()));
    }
  }
}
