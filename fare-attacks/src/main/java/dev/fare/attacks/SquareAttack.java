package dev.fare.attacks;

import ai.djl.ndarray.NDArray;
import dev.fare.ThreatModel;
import dev.fare.attacks.run.AttackRun;
import dev.fare.attacks.run.BestFound;
import dev.fare.attacks.run.Found;
import dev.fare.attacks.run.Restarts;
import dev.fare.attacks.square.SquareSchedule;
import dev.fare.attacks.square.SquareSearch;
import dev.fare.attacks.square.SquareSource;
import dev.fare.attacks.tensor.Rows;
import dev.fare.torch.Host;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The Square attack (Andriushchenko et al., 2020): random search that changes one square at a time
 * and keeps it if the loss rises. It needs no gradient, so it also attacks models that have none or
 * hide theirs.
 *
 * <p>Works with any objective; the original's is {@link Objectives#margin}. An image leaves the
 * batch with its first success. Each image draws its own squares, where the original draws one for
 * the whole batch.
 */
public final class SquareAttack extends ImageAttack {

  private final Builder settings;

  private SquareAttack(Builder builder) {
    super(builder);
    settings = builder;
  }

  /** Starts an attack of 5,000 queries. */
  public static Builder builder(ThreatModel threatModel) {
    return new Builder(threatModel);
  }

  @Override
  Found search(AttackRun run, @Nullable NDArray start) {
    return new Restarts(settings.restarts, false)
        .search(
            run,
            BestFound.ofCleanImages(run),
            (some, rows, restart) -> {
              NDArray from =
                  start == null || restart > 0
                      ? null
                      : Rows.take(start, Host.bring(some.manager(), rows));
              return new SquareSearch(
                      some,
                      settings.schedule(),
                      source(some, rows, restart),
                      from,
                      restart,
                      listener())
                  .search();
            });
  }

  private SquareSource source(AttackRun run, long[] rows, int restart) {
    SquareSource injected = settings.source;
    if (injected != null) {
      return (row, count) -> injected.next(Math.toIntExact(rows[row]), count);
    }
    RandomGenerator[] streams = new RandomGenerator[rows.length];
    for (int row = 0; row < rows.length; row++) {
      streams[row] = run.random().stream(row, "square", restart);
    }
    return (row, count) -> {
      float[] numbers = new float[count];
      for (int i = 0; i < count; i++) {
        numbers[i] = streams[row].nextFloat();
      }
      return numbers;
    };
  }

  /** Settings of a {@link SquareAttack}. */
  public static final class Builder extends RestartingAttackBuilder<Builder> {

    private int queries = 5_000;
    private double pInit = 0.8;
    private boolean rescaleSchedule;
    private @Nullable SquareSource source;

    private Builder(ThreatModel threatModel) {
      super(threatModel);
    }

    @Override
    Builder self() {
      return this;
    }

    @Override
    String describe() {
      return "queries="
          + queries
          + ", restarts="
          + restarts
          + ", pInit="
          + pInit
          + ", rescaleSchedule="
          + rescaleSchedule;
    }

    private SquareSchedule schedule() {
      return new SquareSchedule(queries, pInit, rescaleSchedule);
    }

    /** Queries for each image and restart, after the start's, at least 1; 5,000 by default. */
    public Builder queries(int queries) {
      this.queries = atLeast(1, "queries", queries);
      return this;
    }

    /** The share of pixels that the first squares cover, in (0, 1]; 0.8 by default. */
    public Builder pInit(double pInit) {
      this.pInit = inUnitInterval("pInit", pInit);
      return this;
    }

    /**
     * Whether squares shrink by the share of queries that are used, as if there were 10,000; by
     * default, as in AutoAttack, they shrink at fixed numbers of queries.
     */
    public Builder rescaleSchedule(boolean rescaleSchedule) {
      this.rescaleSchedule = rescaleSchedule;
      return this;
    }

    /** Replaces the random numbers. */
    Builder source(SquareSource source) {
      this.source = source;
      return this;
    }

    /** Makes the attack; the builder may be used again. */
    public SquareAttack build() {
      return new SquareAttack(copy());
    }
  }
}
