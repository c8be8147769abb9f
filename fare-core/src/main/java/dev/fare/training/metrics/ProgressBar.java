package dev.fare.training.metrics;

import static java.util.Objects.requireNonNull;

import dev.fare.training.StepResult;
import dev.fare.training.TrainingListener;
import dev.fare.training.TrainingSettings;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;

/**
 * Shows in one line, drawn anew twice a second, how far a run is:
 *
 * <pre>
 * [=======&gt;            ]  7200/20000  loss 0.1234  cosine 0.912  58.3 images/s  3:12:05 left
 * </pre>
 *
 * <p>The cosine is that under attack, the time left is by the mean of the run so far, validations
 * included. A validation has a line of its own. For a terminal; a file is served better by {@link
 * CsvMetrics}.
 */
public final class ProgressBar implements TrainingListener {

  private static final int WIDTH = 20;
  private static final long INTERVAL = Duration.ofMillis(500).toNanos();
  private static final double SECOND = 1e9;

  private final PrintStream out;
  private final LongSupplier nanoTime;
  private long steps;
  private long stepsBefore;
  private long started;
  private long drawn;
  private long images;
  private int drawnLength;

  /** Draws to a terminal's stream, such as {@code System.err}; the caller stays its owner. */
  public ProgressBar(PrintStream out) {
    this(out, System::nanoTime);
  }

  ProgressBar(PrintStream out, LongSupplier nanoTime) {
    this.out = requireNonNull(out, "out");
    this.nanoTime = nanoTime;
  }

  @Override
  public void onStart(TrainingSettings settings, long firstStep) {
    steps = settings.steps();
    stepsBefore = firstStep;
    started = nanoTime.getAsLong();
    drawn = started;
    images = 0;
  }

  @Override
  public void onStep(StepResult result) {
    images += result.images();
    long now = nanoTime.getAsLong();
    if (now - drawn < INTERVAL && result.step() != steps) {
      return;
    }
    double rate = images / Math.max((now - drawn) / SECOND, 1e-9);
    draw(
        String.format(
            Locale.ROOT,
            "%s  loss %.4g  cosine %.3f  %.1f images/s%s",
            position(result.step()),
            result.loss(),
            result.adversarialCosine(),
            rate,
            timeLeft(result.step(), now)));
    drawn = now;
    images = 0;
  }

  /** The number of steps is known within {@code fit} only. */
  private String position(long step) {
    if (steps == 0) {
      return "step " + step;
    }
    int done = (int) (WIDTH * Math.min(step, steps) / steps);
    String bar = "=".repeat(done) + (done < WIDTH ? ">" + " ".repeat(WIDTH - done - 1) : "");
    return "[" + bar + "]  " + step + "/" + steps;
  }

  private String timeLeft(long step, long now) {
    if (steps == 0 || step >= steps) {
      return "";
    }
    double seconds = (now - started) / SECOND / (step - stepsBefore) * (steps - step);
    long whole = Math.round(seconds);
    return String.format(
        Locale.ROOT, "  %d:%02d:%02d left", whole / 3600, whole / 60 % 60, whole % 60);
  }

  private void draw(String line) {
    out.print("\r" + line + " ".repeat(Math.max(0, drawnLength - line.length())));
    out.flush();
    drawnLength = line.length();
  }

  @Override
  public void onValidation(long step, Map<String, Double> values) {
    draw(
        values.entrySet().stream()
            .map(value -> String.format(Locale.ROOT, "%s %.4g", value.getKey(), value.getValue()))
            .collect(Collectors.joining(", ", "step " + step + ": ", "")));
    onClose();
  }

  @Override
  public void onClose() {
    if (drawnLength > 0) {
      out.println();
      out.flush();
      drawnLength = 0;
    }
  }
}
