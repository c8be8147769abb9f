package dev.fare.evaluation.journal;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.common.hash.Hashing;
import dev.fare.io.AtomicFile;
import dev.fare.torch.Host;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Adversarial images on disk: a file of little-endian float32 for each, written before the journal
 * that names it and its checksum.
 *
 * @param directory where they are
 */
public record FoundImages(Path directory) {

  /** Writes one image; returns the checksum of its file. */
  public String write(int image, NDArray pixels) {
    float[] values = Host.floats(pixels);
    ByteBuffer bytes =
        ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    try {
      AtomicFile.write(file(image), bytes.array());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return checksum(bytes.array());
  }

  /**
   * Reads one image.
   *
   * @param checksum of its file, empty where an earlier version wrote none
   * @param shape {@code [C,H,W]}
   * @return {@code [1,C,H,W]}, owned by the manager
   * @throws IllegalStateException if the file is another
   */
  public NDArray read(int image, String checksum, Shape shape, NDManager manager) {
    byte[] bytes;
    try {
      bytes = Files.readAllBytes(file(image));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    if (bytes.length != shape.size() * Float.BYTES) {
      throw damaged(
          image, "must have " + shape.size() * Float.BYTES + " bytes, has " + bytes.length);
    }
    if (!checksum.isEmpty() && !checksum.equals(checksum(bytes))) {
      throw damaged(image, "was changed since it was written");
    }
    float[] values = new float[Math.toIntExact(shape.size())];
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
    return manager.create(values, new Shape(1).addAll(shape));
  }

  /** What to throw where an image can't be what was written. */
  public IllegalStateException damaged(int image, String what) {
    return new IllegalStateException(
        file(image) + " " + what + "; delete the directory to start again");
  }

  private static String checksum(byte[] bytes) {
    return Hashing.sha256().hashBytes(bytes).toString();
  }

  private Path file(int image) {
    return directory.resolve("adversarial-" + image + ".f32");
  }
}
