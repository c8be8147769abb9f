package dev.fare.attacks.apgd;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
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
import dev.fare.torch.Autograd;
import dev.fare.torch.TensorScope;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One run of APGD on one batch from one start.
 *
 * <p>What the published code does and one would not expect, kept here because its results depend on
 * it: the start is cut to [0,1] but not brought into the ball; the first window compares the first
 * loss with zero instead of the start's ({@link HalvingRule}); at a checkpoint the image and the
 * gradient go back to the best point while the image before, which gives the momentum, does not;
 * the best point needs a strictly higher loss, while the successful image is the last one, not the
 * first; with several gradients per step the loss is the last pass's; a given start sets l1's first
 * sparsity, any other start has a fixed one.
 */
public final class ApgdSearch {

  /**
   * Settings of a run.
   *
   * @param steps steps
   * @param rho share of rises below which the step size is halved
   * @param initialStepSize in pixel space
   * @param initialSparsity share of the coordinates that l1's first steps move
   * @param eotIterations forward and backward passes for each gradient
   * @param checkpoints when step sizes are adapted in l∞ and l2
   * @param stopAtSuccess whether an image is finished with its first success
   */
  public record Settings(
      int steps,
      double rho,
      double initialStepSize,
      double initialSparsity,
      int eotIterations,
      ApgdCheckpoints.Shares checkpoints,
      boolean stopAtSuccess) {}

  private final Settings settings;
  private final int restart;
  private final @Nullable AttackListener listener;
  private final ActiveImages active;
  private final BestFound best;
  private final StepRule rule;

  private final LoopTensor images;
  private final LoopTensor previous;
  private final LoopTensor gradient;
  private final LoopTensor bestGradient;

  /**
   * Evaluates the start.
   *
   * @param start images
   * @param isGiven whether somebody else found the start
   */
  public ApgdSearch(
      AttackRun run,
      Settings settings,
      NDArray start,
      boolean isGiven,
      int restart,
      @Nullable AttackListener listener) {
    this.settings = settings;
    this.restart = restart;
    this.listener = listener;
    active = new ActiveImages(run);
    NDManager owner = run.manager();
    try (TensorScope scope = TensorScope.of(owner)) {
      NDArray inCube = Autograd.clip(start, 0, 1);
      ValueAndGradient here = run.valueAndGradient(inCube, settings.eotIterations(), scope);
      run.budget().startGradient(here.gradient(), scope);
      images = new LoopTensor(inCube, owner, scope);
      previous = new LoopTensor(inCube, owner, scope);
      gradient = new LoopTensor(here.gradient(), owner, scope);
      bestGradient = new LoopTensor(here.gradient(), owner, scope);
      best = new BestFound(inCube, here.at(), settings.stopAtSuccess(), owner, scope);
      rule = rule(run, inCube, here.at().losses(), isGiven, scope);
    }
  }

  private StepRule rule(
      AttackRun run, NDArray start, NDArray losses, boolean isGiven, TensorScope scope) {
    NDManager owner = run.manager();
    int steps = settings.steps();
    double stepSize = settings.initialStepSize();
    if (run.ball().threatModel().norm() != Norm.L1) {
      return new HalvingRule(
          steps, settings.checkpoints(), settings.rho(), stepSize, losses, owner, scope);
    }
    if (isGiven) {
      NDArray nonZeros = SparsityRule.nonZeros(start, run.ball());
      NDArray fractions = SparsityRule.fractions(nonZeros, start);
      return new SparsityRule(steps, stepSize, nonZeros, fractions, owner, scope);
    }
    NDManager manager = scope.manager();
    NDArray nonZeros = manager.full(losses.getShape(), (float) start.size() / run.size());
    NDArray fractions = manager.full(losses.getShape(), (float) settings.initialSparsity());
    return new SparsityRule(steps, stepSize, nonZeros, fractions, owner, scope);
  }

  /** Runs to the end, or until all images are finished or the budget says stop. */
  public Found search() {
    int sinceCheckpoint = 0;
    for (int i = 0; i < settings.steps() && !active.run().budget().mustStop(); i++) {
      if (settings.stopAtSuccess()
          && !active.dropFinished(best, otherState(), sinceCheckpoint == 0)) {
        return active.found();
      }
      try (TensorScope step = TensorScope.of(active.run().manager())) {
        NDArray stepSizes = rule.stepSizes().stopGradient();
        NDArray losses = iterate(i, step);
        tell(i, losses, stepSizes);
        sinceCheckpoint++;
        if (sinceCheckpoint == rule.window()) {
          sinceCheckpoint = 0;
          adapt(step);
        }
      }
    }
    active.finish(best.found());
    return active.found();
  }

  private List<LoopTensor> otherState() {
    List<LoopTensor> state = new ArrayList<>(rule.state());
    state.addAll(List.of(images, previous, gradient, bestGradient));
    return state;
  }

  private NDArray iterate(int index, TensorScope step) {
    AttackRun run = active.run();
    boolean isFirst = index == 0;
    NDArray next = rule.advance(run.ball(), images.get(), previous.get(), gradient.get(), isFirst);
    previous.set(images.get(), step);
    images.set(next, step);
    Scores at;
    if (index < settings.steps() - 1) {
      ValueAndGradient here = run.valueAndGradient(next, settings.eotIterations(), step);
      gradient.set(here.gradient(), step);
      at = here.at();
    } else {
      at = evaluateLast(run, next);
    }
    NDArray higher = best.record(next, at, step);
    bestGradient.set(Kernels.choose(higher, gradient.get(), bestGradient.get()), step);
    rule.observe(at.losses(), step);
    return at.losses();
  }

  /** The last image's gradient would lead nowhere, so it is not computed. */
  private Scores evaluateLast(AttackRun run, NDArray last) {
    Scores at = run.evaluate(last);
    for (int i = 1; i < settings.eotIterations(); i++) {
      at = run.evaluate(last);
    }
    return at;
  }

  private void adapt(TensorScope step) {
    NDArray back = rule.adapt(active.run().ball(), best.images(), best.losses(), step);
    images.set(Kernels.choose(back, best.images(), images.get()), step);
    gradient.set(Kernels.choose(back, bestGradient.get(), gradient.get()), step);
  }

  private void tell(int index, NDArray losses, NDArray stepSizes) {
    if (listener != null) {
      listener.onStep(
          new AttackProgress(
              "APGD",
              index,
              settings.steps(),
              restart,
              active.size(),
              losses,
              best.losses(),
              best.succeeded(),
              stepSizes.reshape(active.size())));
    }
  }
}
