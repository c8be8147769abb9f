package dev.fare.training.optimizer;

/** The learning rate of each update. */
@FunctionalInterface
public interface LearningRateSchedule {

  /**
   * The rate of one update; it is in force when that update is made.
   *
   * @param peak the learning rate that the trainer was given
   * @param update counted from 0
   */
  double rate(double peak, long update);

  /** The same rate for every update. */
  static LearningRateSchedule constant() {
    return new Constant(0);
  }

  /** A rate that rises linearly over the first updates and then stays. */
  static LearningRateSchedule constant(long warmupSteps) {
    return new Constant(warmupSteps);
  }

  /**
   * The paper's schedule: a linear rise, then half a cosine down to zero.
   *
   * @param warmupSteps updates of the rise; the last of them runs at the peak
   * @param steps updates of the whole run
   */
  static LearningRateSchedule cosine(long warmupSteps, long steps) {
    return new Cosine(warmupSteps, steps);
  }

  /** Linear warm-up, then constant. */
  record Constant(long warmupSteps) implements LearningRateSchedule {

    /** Checks that the number of warm-up steps is not negative. */
    public Constant {
      checkWarmup(warmupSteps);
    }

    @Override
    public double rate(double peak, long update) {
      return update < warmupSteps ? peak * (update + 1) / warmupSteps : peak;
    }
  }

  /** Linear warm-up, then half a cosine. */
  record Cosine(long warmupSteps, long steps) implements LearningRateSchedule {

    /** Checks that the warm-up fits into the run. */
    public Cosine {
      checkWarmup(warmupSteps);
      if (warmupSteps > steps) {
        throw new IllegalArgumentException(
            "warmupSteps must be at most steps, got " + warmupSteps + " of " + steps);
      }
    }

    @Override
    public double rate(double peak, long update) {
      if (update < warmupSteps) {
        return peak * (update + 1) / warmupSteps;
      }
      if (update >= steps) {
        return 0;
      }
      double progress = (update - warmupSteps) / (double) (steps - warmupSteps);
      return 0.5 * (1 + Math.cos(Math.PI * progress)) * peak;
    }
  }

  private static void checkWarmup(long warmupSteps) {
    if (warmupSteps < 0) {
      throw new IllegalArgumentException("warmupSteps must be at least 0, got " + warmupSteps);
    }
  }
}
