package dev.fare.attacks;

import static java.util.Objects.requireNonNullElse;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.fare.AttackControl;
import dev.fare.AttackListener;
import dev.fare.AttackOptions;
import dev.fare.AttackResult;
import dev.fare.AttackResult.Scores;
import dev.fare.Ball;
import dev.fare.Objective;
import dev.fare.SeededAttack;
import dev.fare.ThreatModel;
import dev.fare.attacks.run.AttackBudget;
import dev.fare.attacks.run.AttackRun;
import dev.fare.attacks.run.Found;
import dev.fare.attacks.tensor.RandomStreams;
import dev.fare.torch.GradMode;
import dev.fare.torch.Host;
import dev.fare.torch.TensorScope;
import java.util.Arrays;
import java.util.function.Function;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * What all attacks share: inputs are checked, and whatever the search returns is brought into the
 * ball and into [0,1] and checked again, so that no attack can forget it.
 */
public abstract sealed class ImageAttack implements SeededAttack
    permits PgdAttack, ApgdAttack, TargetedApgdAttack, FabAttack, SquareAttack, AutoAttack {

  private final ThreatModel threatModel;
  private final long seed;
  private final @Nullable AttackListener listener;
  private final String description;
  private final AttackControl control;

  ImageAttack(AttackBuilder<?> builder) {
    threatModel = builder.threatModel;
    seed = builder.seed;
    listener = builder.listener;
    control = builder.control;
    description = getClass().getSimpleName() + "[" + builder + "]";
  }

  /** What this attack may do. */
  public final ThreatModel threatModel() {
    return threatModel;
  }

  final @Nullable AttackListener listener() {
    return listener;
  }

  /** The attack's name and all settings that decide about its result. */
  @Override
  public final String toString() {
    return description;
  }

  @Override
  public final AttackResult perturb(Objective objective, NDArray pixels, AttackOptions options) {
    NDArray start = options.start();
    if (start != null) {
      ThreatModel.checkPixels(pixels);
      checkStart(start, pixels);
    }
    return withRun(
        objective,
        pixels,
        options,
        run -> deliver(run, search(run, start), objective, pixels.getManager()));
  }

  /**
   * Looks for images; arrays of the result belong to the run's manager.
   *
   * @param start images to start from, or null
   */
  abstract Found search(AttackRun run, @Nullable NDArray start);

  /** Does something in a run on checked images. */
  final <T> T withRun(
      Objective objective, NDArray pixels, AttackOptions options, Function<AttackRun, T> work) {
    ThreatModel.checkPixels(pixels);
    long count = pixels.getShape().get(0);
    long[] given = options.imageIds();
    long[] ids = given == null ? LongStream.range(0, count).toArray() : given.clone();
    if (ids.length != count) {
      throw new IllegalArgumentException(
          "there must be one image id per image, got " + ids.length + " for " + count + " images");
    }
    RandomStreams random = new RandomStreams(requireNonNullElse(options.seed(), seed), ids);
    AttackControl limits = requireNonNullElse(options.control(), control);
    try (GradMode off = GradMode.noGrad();
        AttackRun run = AttackRun.open(objective, pixels, threatModel, random, limits)) {
      return work.apply(run);
    }
  }

  private static void checkStart(NDArray start, NDArray pixels) {
    if (!start.getShape().equals(pixels.getShape())
        || start.getDataType() != pixels.getDataType()) {
      throw new IllegalArgumentException(
          "start must be float32 of the pixels' shape "
              + pixels.getShape()
              + ", got "
              + start.getShape()
              + " "
              + start.getDataType());
    }
    try (NDArray sum = start.sum()) {
      if (!Double.isFinite(Host.doubles(sum)[0])) {
        throw new IllegalArgumentException("start must be finite, got NaN or infinity in it");
      }
    }
  }

  private static AttackResult deliver(
      AttackRun run, Found found, Objective objective, NDManager owner) {
    try (TensorScope scope = TensorScope.of(run.manager())) {
      Ball ball = run.ball();
      AttackBudget budget = run.budget();
      boolean one = found.images() == found.highestLossImages();
      NDList toRead = budget.counts();
      toRead.add(ball.look(found.images()));
      if (!one) {
        toRead.add(ball.look(found.highestLossImages()));
      }
      double[] read = Host.doubles(toRead);
      NDArray inside = ball.tighten(found.images(), Arrays.copyOfRange(read, 2, 4));
      NDArray highestInside =
          one ? inside : ball.tighten(found.highestLossImages(), Arrays.copyOfRange(read, 4, 6));
      Scores scores = found.scores();
      boolean isMoved = inside != found.images() || highestInside != found.highestLossImages();
      if (scores != null && isMoved) {
        Scores atHighest = run.evaluate(highestInside);
        Scores here = one ? atHighest : run.evaluate(inside);
        scores = new Scores(atHighest.losses(), here.succeeded());
      }
      // what a search found may share its memory with the clean images
      NDArray images = scope.keep(inside.duplicate(), owner);
      NDArray highest = one ? images : scope.keep(highestInside.duplicate(), owner);
      if (scores == null) {
        return AttackResult.evaluatedOnDemand(
            images,
            budget.cost(read),
            budget.stopReason(),
            () -> Transfer.replay(images, objective));
      }
      scope.keep(scores.losses(), owner);
      scope.keep(scores.succeeded(), owner);
      return new AttackResult(
          images,
          highest,
          scores.losses(),
          scores.succeeded(),
          budget.cost(read),
          budget.stopReason());
    }
  }
}
