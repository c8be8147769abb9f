package dev.fare.training.metrics;

import dev.fare.training.StepResult;
import dev.fare.training.TrainingListener;
import dev.fare.training.TrainingSettings;
import java.io.BufferedOutputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes an event file for TensorBoard, a new one each time a run begins: a scalar for each metric,
 * and {@code validation/…} for what a validation measures. Where a run goes on from a checkpoint,
 * the file tells TensorBoard to forget the steps behind it.
 */
public final class TensorBoardMetrics implements TrainingListener {

  private final Path directory;
  private final Clock clock;
  private @Nullable OutputStream out;

  /** Writes to a directory, which is what {@code tensorboard --logdir} is given. */
  public TensorBoardMetrics(Path directory) {
    this(directory, Clock.systemUTC());
  }

  TensorBoardMetrics(Path directory, Clock clock) {
    this.directory = directory;
    this.clock = clock;
  }

  @Override
  public void onStart(TrainingSettings settings, long firstStep) {
    onClose();
    out = open(firstStep);
  }

  private OutputStream open(long firstStep) {
    try {
      Files.createDirectories(directory);
      // not a channel: a channel closes when the training thread is interrupted
      OutputStream opened = new BufferedOutputStream(new FileOutputStream(newFile().toFile()));
      opened.write(TensorBoardEvent.fileVersion(now()));
      if (firstStep > 0) {
        opened.write(TensorBoardEvent.sessionStart(now(), firstStep + 1));
      }
      opened.flush();
      return opened;
    } catch (IOException e) {
      throw failure(e);
    }
  }

  /** TensorBoard looks for this pattern and reads the files of a directory in their order. */
  private Path newFile() {
    long seconds = clock.instant().getEpochSecond();
    int number = 0;
    Path file;
    do {
      file =
          directory.resolve(
              String.format(Locale.ROOT, "events.out.tfevents.%010d.fare.%d", seconds, number++));
    } while (Files.exists(file));
    return file;
  }

  private double now() {
    return clock.millis() / 1000.0;
  }

  @Override
  public void onStep(StepResult result) {
    write(result.step(), result.metrics());
  }

  @Override
  public void onValidation(long step, Map<String, Double> values) {
    Map<String, Double> tagged = new LinkedHashMap<>();
    values.forEach((name, value) -> tagged.put("validation/" + name, value));
    write(step, tagged);
  }

  private void write(long step, Map<String, Double> values) {
    OutputStream opened = out == null ? open(step - 1) : out;
    out = opened;
    try {
      opened.write(TensorBoardEvent.scalars(now(), step, values));
      opened.flush();
    } catch (IOException e) {
      throw failure(e);
    }
  }

  @Override
  public void onClose() {
    try {
      if (out != null) {
        out.close();
        out = null;
      }
    } catch (IOException e) {
      throw failure(e);
    }
  }

  private UncheckedIOException failure(IOException e) {
    return new UncheckedIOException(
        "metrics can't be written to " + directory + ": " + e.getMessage(), e);
  }

  @Override
  public String toString() {
    return "TensorBoardMetrics[" + directory + "]";
  }
}
