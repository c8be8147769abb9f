package dev.fare.training.checkpoint;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonParseException;
import dev.fare.io.TextFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a checkpoint says besides its tensors.
 *
 * @param step updates made; it is also the data position, since the data order is a function of it
 * @param skippedSteps updates left out so far
 * @param data the identity of what was trained on, empty where the host brings the batches
 * @param original fingerprint of the original encoder's weights
 * @param validation where early stopping stands
 * @param settings of the run
 * @param versions of this library, DJL and libtorch
 * @param memory for the summary; {@link RunProgress#NONE} in an earlier version's checkpoints
 */
public record CheckpointState(
    long step,
    long skippedSteps,
    String data,
    String original,
    Map<String, String> validation,
    Map<String, String> settings,
    Map<String, String> versions,
    RunProgress memory) {

  /** A cosine may be NaN while the loss is a number. */
  private static final Gson GSON =
      new GsonBuilder().setPrettyPrinting().serializeSpecialFloatingPointValues().create();

  /** Gson makes records without asking their constructors: what is missing would be null. */
  private record Stored(
      @Nullable Long step,
      @Nullable Long skippedSteps,
      @Nullable String data,
      @Nullable String original,
      @Nullable Map<String, String> validation,
      @Nullable Map<String, String> settings,
      @Nullable Map<String, String> versions,
      @Nullable RunProgress memory) {}

  CheckpointTensors.Digest write(Path file) throws IOException {
    byte[] json = GSON.toJson(this).getBytes(UTF_8);
    return CheckpointTensors.writeSynced(file, out -> out.write(json));
  }

  static CheckpointState read(Path file) throws IOException {
    try {
      Stored stored = GSON.fromJson(TextFile.read(file), Stored.class);
      if (stored == null
          || stored.step == null
          || stored.skippedSteps == null
          || stored.data == null
          || stored.original == null
          || stored.validation == null
          || stored.settings == null
          || stored.versions == null
          || stored.validation.containsValue(null)
          || stored.settings.containsValue(null)
          || stored.versions.containsValue(null)
          || (stored.memory != null && !stored.memory.isWhole())) {
        throw new IOException(file + " is incomplete");
      }
      return new CheckpointState(
          stored.step,
          stored.skippedSteps,
          stored.data,
          stored.original,
          stored.validation,
          stored.settings,
          stored.versions,
          stored.memory == null ? RunProgress.NONE : stored.memory);
    } catch (JsonParseException | NumberFormatException e) { // Gson lets the latter through
      throw new IOException(file + " is not the JSON of a checkpoint: " + e.getMessage(), e);
    }
  }
}
