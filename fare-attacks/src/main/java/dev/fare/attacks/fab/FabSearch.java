package dev.fare.attacks.fab;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.AttackListener;
import dev.fare.AttackProgress;
import dev.fare.AttackResult.Scores;
import dev.fare.Norm;
import dev.fare.ThreatModel;
import dev.fare.attacks.run.AttackRun;
import dev.fare.attacks.tensor.Kernels;
import dev.fare.attacks.tensor.LoopTensor;
import dev.fare.torch.Autograd;
import dev.fare.torch.TensorScope;
import dev.fare.torch.TorchModule;
import dev.fare.torch.TorchSource;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One run of FAB on one batch: from the current point and from the clean image onto the linearised
 * decision boundary, a weighted mean of both, a little overshoot, and back towards the clean image
 * after each success.
 */
public final class FabSearch {

  /**
   * Settings of a run.
   *
   * @param steps steps
   * @param eta how far beyond the boundary to go; the original's eta
   * @param alphaMax most weight of the step from the clean image; the original's alpha_max
   * @param beta share of the perturbation that is kept after a success; the original's beta
   */
  public record Settings(int steps, double eta, double alphaMax, double beta) {}

  /** The original's initial distance. */
  private static final float NONE = 1e10f;

  /** Arithmetic of the search. */
  static final class Script {
    static final TorchModule MODULE =
        TorchModule.compile(
            TorchSource.resource(FabSearch.class, "fab.py"), "Fab", Map.of(), Device.cpu());

    private Script() {}
  }

  private final AttackRun run;
  private final Settings settings;
  private final @Nullable NDArray targets;
  private final int round;
  private final @Nullable AttackListener listener;
  private final Norm norm;
  private final LoopTensor images;
  private final LoopTensor nearest; // the adversarial image of least distance
  private final LoopTensor distances; // [N], NONE where nothing was found

  /**
   * Prepares a run on images that are classified correctly.
   *
   * @param start where to begin
   * @param targets the class to go for, {@code [N]} int64, or null for the nearest
   */
  public FabSearch(
      AttackRun run,
      Settings settings,
      NDArray start,
      @Nullable NDArray targets,
      int round,
      @Nullable AttackListener listener) {
    this.run = run;
    this.settings = settings;
    this.targets = targets;
    this.round = round;
    this.listener = listener;
    norm = run.ball().threatModel().norm();
    NDManager owner = run.manager();
    try (TensorScope scope = TensorScope.of(owner)) {
      images = new LoopTensor(start, owner, scope);
      nearest = new LoopTensor(run.ball().center(), owner, scope);
      NDArray none = scope.manager().full(new Shape(run.size()), NONE);
      distances = new LoopTensor(none, owner, scope);
    }
  }

  /** Runs to the end, or until the budget says stop. */
  public void search() {
    for (int i = 0; i < settings.steps() && !run.budget().mustStop(); i++) {
      try (TensorScope step = TensorScope.of(run.manager())) {
        NDArray next = towardsTheBoundary(step);
        Scores at = run.evaluate(next);
        record(next, at, step);
        tell(i, at);
      }
    }
  }

  private void tell(int index, Scores at) {
    if (listener != null) {
      NDArray found = distances().isInfinite().logicalNot();
      listener.onStep(
          new AttackProgress(
              "FAB",
              index,
              settings.steps(),
              round,
              run.size(),
              at.losses(),
              at.losses(),
              found,
              distances()));
    }
  }

  private NDArray towardsTheBoundary(TensorScope step) {
    NDArray x = images.get();
    NDArray clean = run.ball().center();
    long count = run.size();
    NDList boundary = run.boundary(x, targets, norm, step);
    NDArray weights = boundary.get(1).reshape(count, -1);
    NDArray rows = x.reshape(count, -1);
    NDArray offsets = weights.mul(rows).sum(new int[] {1}).sub(boundary.get(0));
    NDArray points = NDArrays.concat(new NDList(rows, clean.reshape(count, -1)));
    NDArray changes =
        HyperplaneProjection.change(
            norm,
            points,
            NDArrays.concat(new NDList(weights, weights)),
            NDArrays.concat(new NDList(offsets, offsets)));
    NDArray lengths = new ThreatModel(norm, 1).size(changes);
    double[] numbers = {settings.eta(), settings.alphaMax()};
    return Script.MODULE.call("mean", numbers, x, clean, changes, lengths);
  }

  private void record(NDArray next, Scores at, TensorScope step) {
    NDArray clean = run.ball().center();
    NDArray perturbation = next.sub(clean);
    NDArray size = run.ball().threatModel().size(perturbation);
    NDArray won = at.succeeded();
    NDArray nearer = won.logicalAnd(size.lt(distances.get()));
    nearest.set(Kernels.choose(nearer, next, nearest.get()), step);
    distances.set(Kernels.choose(nearer, size, distances.get()), step);
    NDArray back = clean.add(Autograd.scaled(perturbation, settings.beta()));
    images.set(Kernels.choose(won, back, next), step);
  }

  /** The adversarial image nearest to the clean one, the clean one where there is none. */
  public NDArray nearest() {
    return nearest.get();
  }

  /** The distances of those images, {@code [N]}; infinite where there is none. */
  public NDArray distances() {
    return Script.MODULE.call("distances", new double[] {NONE}, distances.get());
  }
}
