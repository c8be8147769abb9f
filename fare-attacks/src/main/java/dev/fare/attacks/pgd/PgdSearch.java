package dev.fare.attacks.pgd;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import dev.fare.AttackListener;
import dev.fare.AttackProgress;
import dev.fare.AttackResult.Scores;
import dev.fare.Norm;
import dev.fare.attacks.run.ActiveImages;
import dev.fare.attacks.run.AttackRun;
import dev.fare.attacks.run.AttackRun.ValueAndGradient;
import dev.fare.attacks.run.BestFound;
import dev.fare.attacks.run.Found;
import dev.fare.attacks.tensor.Kernels;
import dev.fare.attacks.tensor.LoopTensor;
import dev.fare.torch.TensorScope;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One run of PGD on one batch from one start. */
public final class PgdSearch {

  /**
   * Settings of a run.
   *
   * @param steps gradients
   * @param stepSize in pixel space
   * @param momentum share of the direction before
   * @param keepBest whether every point is a candidate, or only the last
   * @param stopAtSuccess whether an image is finished with its first success
   */
  public record Settings(
      int steps, double stepSize, double momentum, boolean keepBest, boolean stopAtSuccess) {}

  /** The share of coordinates that a step moves in l1. */
  private static final float SPARSITY = 0.05f;

  private final Settings settings;
  private final int restart;
  private final @Nullable AttackListener listener;
  private final ActiveImages active;
  private final LoopTensor images;
  private @Nullable LoopTensor velocity;
  private @Nullable BestFound best;

  public PgdSearch(
      AttackRun run,
      Settings settings,
      NDArray start,
      int restart,
      @Nullable AttackListener listener) {
    this.settings = settings;
    this.restart = restart;
    this.listener = listener;
    active = new ActiveImages(run);
    try (TensorScope scope = TensorScope.of(run.manager())) {
      images = new LoopTensor(start, run.manager(), scope);
    }
  }

  /** The last images, which nobody has evaluated. */
  public NDArray lastImages() {
    climb();
    return images.get();
  }

  /** The last images, or the best of all, with their scores. */
  public Found search() {
    boolean isOpen = climb();
    if (!isOpen) {
      return active.found();
    }
    AttackRun run = active.run();
    try (TensorScope scope = TensorScope.of(run.manager())) {
      Scores at = run.evaluate(images.get());
      if (settings.keepBest()) {
        active.finish(seen(images.get(), at, scope).found());
      } else {
        Scores scores = new Scores(at.losses(), at.succeeded());
        active.finish(new Found(images.get(), images.get(), scores));
      }
    }
    return active.found();
  }

  private BestFound seen(NDArray point, Scores at, TensorScope step) {
    BestFound known = best;
    if (known == null) {
      NDManager owner = active.run().manager();
      best = known = new BestFound(point, at, settings.stopAtSuccess(), owner, step);
    } else {
      known.record(point, at, step);
    }
    return known;
  }

  private boolean climb() {
    for (int i = 0; i < settings.steps() && !active.run().budget().mustStop(); i++) {
      if (settings.stopAtSuccess()
          && best != null
          && !active.dropFinished(best, state(), i % 5 == 0)) {
        return false;
      }
      try (TensorScope step = TensorScope.of(active.run().manager())) {
        step(i, step);
      }
    }
    return true;
  }

  private List<LoopTensor> state() {
    List<LoopTensor> state = new ArrayList<>(List.of(images));
    if (velocity != null) {
      state.add(velocity);
    }
    return state;
  }

  private void step(int index, TensorScope step) {
    AttackRun run = active.run();
    NDArray current = images.get();
    ValueAndGradient here = run.valueAndGradient(current, step);
    if (index == 0) {
      run.budget().startGradient(here.gradient(), step);
    }
    if (settings.keepBest()) {
      seen(current, here.at(), step);
    }
    NDArray direction = direction(here.gradient());
    if (velocity != null) {
      direction = direction(Kernels.blend(velocity.get(), direction, settings.momentum()));
    }
    if (settings.momentum() != 0) {
      keepVelocity(direction, step);
    }
    images.set(run.ball().project(Kernels.blend(direction, current, settings.stepSize())), step);
    tell(index, here.at());
  }

  private void keepVelocity(NDArray direction, TensorScope step) {
    if (velocity == null) {
      velocity = new LoopTensor(direction, active.run().manager(), step);
    } else {
      velocity.set(direction, step);
    }
  }

  private NDArray direction(NDArray gradient) {
    if (active.run().ball().threatModel().norm() != Norm.L1) {
      return active.run().ball().threatModel().normalize(gradient);
    }
    return Kernels.largestSigns(gradient, SPARSITY);
  }

  private void tell(int index, Scores at) {
    if (listener != null) {
      NDArray bestLosses = best == null ? at.losses() : best.losses();
      NDArray succeeded = best == null ? at.succeeded() : best.succeeded();
      NDArray stepSizes =
          at.losses()
              .getManager()
              .full(at.losses().getShape(), (float) settings.stepSize(), DataType.FLOAT32);
      listener.onStep(
          new AttackProgress(
              "PGD",
              index,
              settings.steps(),
              restart,
              active.size(),
              at.losses(),
              bestLosses,
              succeeded,
              stepSizes));
    }
  }
}
