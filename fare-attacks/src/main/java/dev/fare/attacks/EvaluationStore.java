package dev.fare.attacks;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;
import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;
import static java.nio.file.StandardOpenOption.WRITE;
import static java.util.Objects.requireNonNull;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.Gson;
import com.google.gson.JsonParseException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * An evaluation on disk: {@code state.json}, which is always whole, and one file of little-endian
 * float32 for each adversarial image, written before the state that names it.
 */
final class EvaluationStore {

  /**
   * What is written.
   *
   * @param fingerprint of everything that decides about the result
   * @param isCorrect whether clean images are classified correctly
   * @param attacksDone how many attacks each image is through with
   * @param fooledBy the attack that fooled each image, or -1
   */
  record State(String fingerprint, boolean[] isCorrect, int[] attacksDone, int[] fooledBy) {}

  private static final String STATE = "state.json";

  private final Path directory;
  private @Nullable State state;

  EvaluationStore(Path directory) {
    this.directory = directory;
  }

  /**
   * Fills a new state from disk, or writes it there.
   *
   * @throws IllegalStateException if the directory belongs to another evaluation
   */
  void open(State fresh) {
    state = fresh;
    try {
      Files.createDirectories(directory);
      Path file = directory.resolve(STATE);
      if (!Files.exists(file)) {
        save();
        return;
      }
      State found = new Gson().fromJson(Files.readString(file, UTF_8), State.class);
      check(found, fresh, file);
      System.arraycopy(found.attacksDone, 0, fresh.attacksDone, 0, fresh.attacksDone.length);
      System.arraycopy(found.fooledBy, 0, fresh.fooledBy, 0, fresh.fooledBy.length);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (JsonParseException e) {
      throw new IllegalStateException(
          directory.resolve(STATE) + " is not an evaluation's state; delete it to start again", e);
    }
  }

  private static void check(@Nullable State found, State fresh, Path file) {
    int images = fresh.isCorrect.length;
    if (found == null
        || found.attacksDone == null
        || found.fooledBy == null
        || found.attacksDone.length != images
        || found.fooledBy.length != images
        || !fresh.fingerprint.equals(found.fingerprint)) {
      throw new IllegalStateException(
          file
              + " belongs to an evaluation with other attacks, settings, images or labels; use"
              + " another directory");
    }
    if (!Arrays.equals(found.isCorrect, fresh.isCorrect)) {
      throw new IllegalStateException(
          file + " belongs to another model, which classifies the clean images differently");
    }
  }

  void save() {
    byte[] json = new Gson().toJson(requireNonNull(state)).getBytes(UTF_8);
    write(directory.resolve(STATE), ByteBuffer.wrap(json));
  }

  void writeImage(int row, NDArray image) {
    float[] pixels = image.toFloatArray();
    ByteBuffer bytes =
        ByteBuffer.allocate(pixels.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(pixels);
    write(imageFile(row), bytes);
  }

  /** One adversarial image, {@code [1,C,H,W]}, given the shape of all. */
  NDArray image(int row, Shape all, NDManager manager) {
    try {
      byte[] bytes = Files.readAllBytes(imageFile(row));
      Shape one = new Shape(1, all.get(1), all.get(2), all.get(3));
      if (bytes.length != one.size() * Float.BYTES) {
        throw new IllegalStateException(
            imageFile(row)
                + " must have "
                + one.size() * Float.BYTES
                + " bytes, has "
                + bytes.length
                + "; delete the directory to start again");
      }
      float[] pixels = new float[(int) one.size()];
      ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(pixels);
      return manager.create(pixels, one);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Path imageFile(int row) {
    return directory.resolve("adversarial-" + row + ".f32");
  }

  /** Writes to a sibling name, syncs and renames, so that the file is whole or absent. */
  private void write(Path file, ByteBuffer bytes) {
    Path temporary = file.resolveSibling(file.getFileName() + ".tmp");
    try {
      try (FileChannel out = FileChannel.open(temporary, CREATE, WRITE, TRUNCATE_EXISTING)) {
        while (bytes.hasRemaining()) {
          out.write(bytes);
        }
        out.force(true);
      }
      Files.move(temporary, file, ATOMIC_MOVE, REPLACE_EXISTING);
      syncDirectory();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A rename is lasting once its directory is synced, where the system allows to open one. */
  private void syncDirectory() throws IOException {
    if (!System.getProperty("os.name").startsWith("Windows")) {
      try (FileChannel channel = FileChannel.open(directory, READ)) {
        channel.force(true);
      }
    }
  }
}
