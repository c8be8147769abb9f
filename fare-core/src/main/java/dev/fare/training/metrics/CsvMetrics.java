package dev.fare.training.metrics;

import dev.fare.training.StepResult;
import dev.fare.training.TrainingListener;
import dev.fare.training.TrainingSettings;
import dev.fare.training.TrainingSummary;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Writes a table: a header, then a row a step; what was not measured is an empty cell. Where a run
 * goes on from a checkpoint, the rows of the steps behind it are replaced.
 */
public final class CsvMetrics implements TrainingListener {

  private static final String HEADER = "step," + String.join(",", StepResult.metricNames());

  private final Path path;
  private @Nullable LineFile file;

  /** Writes to a file, made when the run begins. */
  public CsvMetrics(Path path) {
    this.path = path;
  }

  @Override
  public void onStart(TrainingSettings settings, long firstStep) {
    close();
    file = open(firstStep);
  }

  private LineFile open(long lastKept) {
    boolean fresh = !Files.exists(path);
    LineFile opened = LineFile.open(path, line -> line.equals(HEADER) || step(line) <= lastKept);
    if (fresh) {
      opened.append(HEADER);
    }
    return opened;
  }

  /** A row that was cut off by a crash belongs to no step. */
  private static long step(String line) {
    boolean whole = line.chars().filter(c -> c == ',').count() == StepResult.metricNames().size();
    String number = line.substring(0, Math.max(0, line.indexOf(',')));
    return whole && number.matches("\\d{1,18}") ? Long.parseLong(number) : Long.MAX_VALUE;
  }

  @Override
  public void onStep(StepResult result) {
    if (file == null) {
      file = open(result.step() - 1);
    }
    Map<String, Double> metrics = result.metrics();
    String cells =
        StepResult.metricNames().stream()
            .map(name -> metrics.containsKey(name) ? String.valueOf(metrics.get(name)) : "")
            .collect(Collectors.joining(","));
    file.append(result.step() + "," + cells);
  }

  @Override
  public void onEnd(TrainingSummary summary) {
    close();
  }

  private void close() {
    if (file != null) {
      file.close();
      file = null;
    }
  }
}
