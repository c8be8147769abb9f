package dev.fare.examples.benchmarks;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Times candidates in turn, round by round, so that whatever else the machine does disturbs all of
 * them alike; what is reported is the median over rounds of each one's ratio to the first.
 *
 * @param rounds how often each candidate runs, after one run to warm up
 * @param limit after this long no round begins, unless there have been fewer than three
 * @param clock what is measured
 */
record InterleavedTimer(int rounds, Duration limit, Clock clock) {

  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
  private static final int LEAST_ROUNDS = 3;

  /** What is measured. */
  enum Clock {
    /** Elapsed time. */
    WALL {
      @Override
      long nanos() {
        return System.nanoTime();
      }
    },
    /**
     * Time that this thread was on a processor: what other processes take does not count, and
     * neither does what libtorch's own threads do, so let it have one.
     */
    CPU {
      @Override
      long nanos() {
        return THREADS.getCurrentThreadCpuTime();
      }
    };

    abstract long nanos();
  }

  /** A piece of work with a name. */
  record Candidate(String name, Work work) {}

  /** Something to be timed. */
  @FunctionalInterface
  interface Work {
    void run() throws Exception;
  }

  /**
   * What was measured.
   *
   * @param millis median over the rounds
   * @param ratio to the first candidate, median over the rounds
   * @param lowest ratio of any round
   * @param highest ratio of any round
   */
  record Timing(String name, double millis, double ratio, double lowest, double highest) {}

  /** Checks the number of rounds. */
  InterleavedTimer {
    if (rounds < 1) {
      throw new IllegalArgumentException("rounds must be at least 1, got " + rounds);
    }
  }

  /** A timer that makes all of its rounds, however long they take. */
  InterleavedTimer(int rounds, Clock clock) {
    this(rounds, Duration.ofDays(1), clock);
  }

  /**
   * Runs all candidates, and returns their timings in the candidates' order.
   *
   * @throws IllegalStateException if a candidate fails with a checked exception
   */
  List<Timing> run(List<Candidate> candidates) {
    candidates.forEach(this::nanos);
    long end = System.nanoTime() + limit.toNanos();
    List<double[]> millis = new ArrayList<>();
    while (millis.size() < rounds
        && (millis.size() < LEAST_ROUNDS || System.nanoTime() - end < 0)) {
      double[] round = new double[candidates.size()];
      for (int i = 0; i < round.length; i++) {
        round[i] = nanos(candidates.get(i)) / 1e6;
      }
      millis.add(round);
    }
    List<Timing> timings = new ArrayList<>();
    for (int i = 0; i < candidates.size(); i++) {
      int candidate = i;
      double[] own = millis.stream().mapToDouble(round -> round[candidate]).toArray();
      double[] ratios = millis.stream().mapToDouble(round -> round[candidate] / round[0]).toArray();
      Arrays.sort(ratios);
      timings.add(
          new Timing(
              candidates.get(i).name(),
              median(own),
              median(ratios),
              ratios[0],
              ratios[ratios.length - 1]));
    }
    return timings;
  }

  private long nanos(Candidate candidate) {
    long start = clock.nanos();
    try {
      candidate.work().run();
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException(candidate.name() + " failed", e);
    }
    return clock.nanos() - start;
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }
}
