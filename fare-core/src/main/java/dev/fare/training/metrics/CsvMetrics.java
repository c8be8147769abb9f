package dev.fare.training.metrics;

import dev.fare.training.StepResult;
import dev.fare.training.TrainingListener;
import dev.fare.training.TrainingSettings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Writes a table: a header, then a row a step; what was not measured is an empty cell. A validation
 * has columns {@code validation_…} behind the others, which the first one adds to the rows before
 * it, too; its values are in the row of the step that it followed. Where a run goes on from a
 * checkpoint, the rows of the steps behind it are replaced.
 */
public final class CsvMetrics implements TrainingListener {

  private static final String HEADER = "step," + String.join(",", StepResult.metricNames());
  private static final String VALIDATION = "validation_";

  private final Path path;
  private final List<String> validationColumns = new ArrayList<>();
  private @Nullable LineFile file;
  private String row = "";
  private long rowStep = -1;

  /** Writes to a file, made when the run begins. */
  public CsvMetrics(Path path) {
    this.path = path;
  }

  @Override
  public void onStart(TrainingSettings settings, long firstStep) {
    onClose();
    file = open(firstStep);
  }

  private LineFile open(long lastKept) {
    rowStep = -1;
    validationColumns.clear();
    return LineFile.open(path, lines -> kept(lines, lastKept));
  }

  /** The header, and what rows there are up to a step. */
  private List<String> kept(List<String> lines, long lastKept) {
    String header = lines.isEmpty() ? "" : lines.get(0);
    if (header.startsWith(HEADER + ",")) {
      validationColumns.addAll(List.of(header.substring(HEADER.length() + 1).split(",")));
    }
    List<String> kept = new ArrayList<>();
    kept.add(header());
    lines.stream().filter(line -> step(line) <= lastKept).forEach(kept::add);
    return kept;
  }

  private String header() {
    return validationColumns.isEmpty()
        ? HEADER
        : HEADER + "," + String.join(",", validationColumns);
  }

  /** A row that was cut off by a crash belongs to no step, and a header to none. */
  private long step(String line) {
    long cells = 1L + StepResult.metricNames().size() + validationColumns.size();
    boolean whole = line.chars().filter(c -> c == ',').count() == cells - 1;
    String number = line.substring(0, Math.max(0, line.indexOf(',')));
    return whole && number.matches("\\d{1,18}") ? Long.parseLong(number) : Long.MAX_VALUE;
  }

  @Override
  public void onStep(StepResult result) {
    if (file == null) {
      file = open(result.step() - 1);
    }
    row = row(result.step(), result.metrics());
    rowStep = result.step();
    file.append(row + ",".repeat(validationColumns.size()));
  }

  private static String row(long step, Map<String, Double> metrics) {
    return step + "," + cells(StepResult.metricNames(), metrics);
  }

  private static String cells(List<String> columns, Map<String, Double> values) {
    return columns.stream()
        .map(name -> values.containsKey(name) ? String.valueOf(values.get(name)) : "")
        .collect(Collectors.joining(","));
  }

  @Override
  public void onValidation(long step, Map<String, Double> values) {
    if (file == null) {
      file = open(step);
    }
    Map<String, Double> columns = new LinkedHashMap<>();
    values.forEach((name, value) -> columns.put(column(name), value));
    List<String> added = new ArrayList<>(columns.keySet());
    added.removeAll(validationColumns);
    if (!added.isEmpty()) {
      validationColumns.addAll(added);
      file.rewrite(lines -> widened(lines, added.size()));
    }
    boolean follows = rowStep == step;
    String whole = (follows ? row : row(step, Map.of())) + "," + cells(validationColumns, columns);
    if (follows) {
      file.replaceLast(whole);
    } else {
      file.append(whole);
    }
  }

  /** A name must not look like two columns. */
  private static String column(String name) {
    return VALIDATION + name.replaceAll("[,\"\\s]", "_");
  }

  private List<String> widened(List<String> lines, int columns) {
    List<String> widened = new ArrayList<>();
    widened.add(header());
    lines.stream().skip(1).map(line -> line + ",".repeat(columns)).forEach(widened::add);
    return widened;
  }

  @Override
  public void onClose() {
    if (file != null) {
      file.close();
      file = null;
    }
  }

  @Override
  public String toString() {
    return "CsvMetrics[" + path + "]";
  }
}
