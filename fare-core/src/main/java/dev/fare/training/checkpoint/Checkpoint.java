package dev.fare.training.checkpoint;

import static java.nio.charset.StandardCharsets.UTF_8;

import ai.djl.ndarray.NDArray;
import com.google.common.hash.Hashing;
import com.google.common.io.MoreFiles;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonParseException;
import dev.fare.training.checkpoint.CheckpointTensors.Digest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One checkpoint: a directory with a file for each group of tensors, {@code state.json}, and {@code
 * manifest.json}, which gives the size and SHA-256 of each of them.
 *
 * @param directory where it lies
 * @param step updates made
 */
public record Checkpoint(Path directory, long step) {

  private static final String MANIFEST = "manifest.json";
  private static final String STATE = "state.json";
  private static final String SUFFIX = ".safetensors";
  private static final int FORMAT = 1;
  private static final Pattern PLAIN_NAME = Pattern.compile("[a-z]+(\\.[a-z]+)?");
  private static final Gson GSON = new GsonBuilder().setPrettyPrinting().create();

  private record Manifest(int format, @Nullable Map<String, Digest> files) {}

  /** Fills a directory that exists and is empty; every file is synced. */
  static void write(Path directory, CheckpointState state, Map<String, Map<String, NDArray>> groups)
      throws IOException {
    Map<String, Digest> files = new LinkedHashMap<>();
    for (Map.Entry<String, Map<String, NDArray>> group : groups.entrySet()) {
      String name = group.getKey() + SUFFIX;
      files.put(name, CheckpointTensors.write(directory.resolve(name), group.getValue()));
    }
    files.put(STATE, state.write(directory.resolve(STATE)));
    byte[] manifest = GSON.toJson(new Manifest(FORMAT, files)).getBytes(UTF_8);
    CheckpointTensors.writeSynced(directory.resolve(MANIFEST), out -> out.write(manifest));
  }

  /**
   * Checks every file against the manifest, and that what they say makes sense.
   *
   * @throws IOException naming the file and what is wrong with it
   */
  public void verify() throws IOException {
    Map<String, Digest> files = manifest();
    TreeSet<String> missing = new TreeSet<>(files.keySet());
    for (Map.Entry<String, Digest> file : files.entrySet()) {
      Path path = directory.resolve(file.getKey());
      if (Files.isRegularFile(path)) {
        missing.remove(file.getKey());
        verify(path, file.getValue());
      }
    }
    if (!missing.isEmpty()) {
      throw new IOException(directory + " has lost " + missing);
    }
    if (state().step() != step) {
      throw new IOException(directory + " holds the state of step " + state().step());
    }
  }

  private static void verify(Path file, Digest expected) throws IOException {
    if (Files.size(file) != expected.bytes()) {
      throw new IOException(
          file + " has " + Files.size(file) + " bytes, its manifest says " + expected.bytes());
    }
    String sha256 = MoreFiles.asByteSource(file).hash(Hashing.sha256()).toString();
    if (!sha256.equals(expected.sha256())) {
      throw new IOException(file + " is damaged: its SHA-256 is not the manifest's");
    }
  }

  private Map<String, Digest> manifest() throws IOException {
    Path file = directory.resolve(MANIFEST);
    if (!Files.isRegularFile(file)) {
      throw new IOException(directory + " has no " + MANIFEST);
    }
    try {
      Manifest manifest = GSON.fromJson(Files.readString(file, UTF_8), Manifest.class);
      if (manifest == null || manifest.files == null || !manifest.files.containsKey(STATE)) {
        throw new IOException(file + " is incomplete");
      }
      if (manifest.format != FORMAT) {
        throw new IOException(
            file + " has format " + manifest.format + ", this version reads " + FORMAT);
      }
      for (Map.Entry<String, @Nullable Digest> named : manifest.files.entrySet()) {
        Digest digest = named.getValue();
        // a checkpoint's files lie in it: another name would lead elsewhere
        if (!PLAIN_NAME.matcher(named.getKey()).matches() || digest == null || !digest.isWhole()) {
          throw new IOException("it says nothing of use about '" + named.getKey() + "'");
        }
      }
      return manifest.files;
    } catch (JsonParseException | IOException e) {
      throw new IOException(file + " can't be read: " + e.getMessage(), e);
    }
  }

  /** What it says besides its tensors. */
  public CheckpointState state() throws IOException {
    return CheckpointState.read(directory.resolve(STATE));
  }

  /** Whether a group of tensors lies here, with just the names and shapes of these arrays. */
  public boolean holds(String group, Map<String, NDArray> arrays) throws IOException {
    Path file = directory.resolve(group + SUFFIX);
    return Files.isRegularFile(file) && CheckpointTensors.matches(file, arrays);
  }

  /**
   * Reads the tensors into the arrays, in place; {@link #verify} comes first.
   *
   * @throws IOException if this holds other tensors; no array is changed then
   */
  public void readInto(Map<String, Map<String, NDArray>> groups) throws IOException {
    for (Map.Entry<String, Map<String, NDArray>> group : groups.entrySet()) {
      CheckpointTensors.check(directory.resolve(group.getKey() + SUFFIX), group.getValue());
    }
    for (Map.Entry<String, Map<String, NDArray>> group : groups.entrySet()) {
      CheckpointTensors.readInto(directory.resolve(group.getKey() + SUFFIX), group.getValue());
    }
  }
}
