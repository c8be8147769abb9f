package dev.fare.examples.recipes;

import com.google.common.base.Stopwatch;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;
import java.util.function.Supplier;

/** Prints how a training goes: a line every so many updates and after the last. */
public final class TrainingLog {

  private final PrintWriter out;
  private final int steps;
  private final int every;
  private final Stopwatch watch = Stopwatch.createStarted();
  private double average;

  /** Starts the clock of a training with so many steps. */
  public TrainingLog(PrintWriter out, int steps, int every) {
    this.out = out;
    this.steps = steps;
    this.every = every;
  }

  /**
   * Takes note of an update.
   *
   * @param step from 0
   * @param results what else a line says, measured only when there is one
   * @return whether there was a line
   */
  public boolean add(int step, double loss, Supplier<String> results) {
    average = step == 0 ? loss : 0.98 * average + 0.02 * loss;
    if ((step + 1) % every != 0 && step + 1 != steps) {
      return false;
    }
    out.printf(
        Locale.ROOT,
        "step %d of %d, loss %.3f%s, %s%n",
        step + 1,
        steps,
        average,
        results.get(),
        Duration.ofSeconds(watch.elapsed().toSeconds()));
    out.flush();
    return true;
  }
}
