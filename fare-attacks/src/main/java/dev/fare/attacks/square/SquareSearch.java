package dev.fare.attacks.square;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.AttackListener;
import dev.fare.AttackProgress;
import dev.fare.AttackResult.Scores;
import dev.fare.Norm;
import dev.fare.attacks.run.ActiveImages;
import dev.fare.attacks.run.AttackRun;
import dev.fare.attacks.run.BestFound;
import dev.fare.attacks.run.Found;
import dev.fare.torch.Autograd;
import dev.fare.torch.Host;
import dev.fare.torch.TensorScope;
import dev.fare.torch.TorchModule;
import dev.fare.torch.TorchSource;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One run of the Square attack on one batch. */
public final class SquareSearch {

  /** Arithmetic of the proposals. */
  static final class Script {
    static final TorchModule MODULE =
        TorchModule.compile(
            TorchSource.resource(SquareSearch.class, "square.py"),
            "Square",
            Map.of(),
            Device.cpu());

    private Script() {}
  }

  private final SquareSchedule schedule;
  private final SquareSource source;
  private final int restart;
  private final @Nullable AttackListener listener;
  private final ActiveImages active;
  private final BestFound best;
  private final int channels;
  private final int height;
  private final int width;

  public SquareSearch(
      AttackRun run,
      SquareSchedule schedule,
      SquareSource source,
      @Nullable NDArray start,
      int restart,
      @Nullable AttackListener listener) {
    this.schedule = schedule;
    this.source = source;
    this.restart = restart;
    this.listener = listener;
    active = new ActiveImages(run);
    Shape shape = run.ball().center().getShape();
    channels = (int) shape.get(1);
    height = (int) shape.get(2);
    width = (int) shape.get(3);
    NDManager owner = run.manager();
    try (TensorScope scope = TensorScope.of(owner)) {
      NDArray first = start == null ? start(run, scope.manager()) : run.ball().project(start);
      best = new BestFound(first, run.evaluate(first), true, owner, scope);
    }
  }

  public Found search() {
    for (int query = 0; query < schedule.queries() && !active.run().budget().mustStop(); query++) {
      if (!active.dropFinished(best, List.of(), query % 10 == 0)) {
        return active.found();
      }
      AttackRun run = active.run();
      try (TensorScope step = TensorScope.of(run.manager())) {
        NDArray next = propose(run, query, step.manager());
        Scores at = run.evaluate(next);
        best.record(next, at, step);
        tell(query, at.losses());
      }
    }
    active.finish(best.found());
    return active.found();
  }

  private void tell(int query, NDArray losses) {
    if (listener != null) {
      double epsilon = active.run().ball().threatModel().epsilon();
      listener.onStep(
          new AttackProgress(
              "Square",
              query,
              schedule.queries(),
              restart,
              active.size(),
              losses,
              best.losses(),
              best.succeeded(),
              losses.getManager().full(losses.getShape(), (float) (2 * epsilon))));
    }
  }

  private NDArray start(AttackRun run, NDManager manager) {
    NDArray clean = run.ball().center();
    if (run.ball().threatModel().norm() != Norm.LINF) {
      NDArray pyramids =
          SquareWindows.start(
              source, active.rows(), run.ball().threatModel().norm(), clean, manager);
      return SquareWindows.fit(run.ball(), clean, pyramids);
    }
    int rows = active.size();
    float[] stripes = new float[rows * channels * width];
    for (int row = 0; row < rows; row++) {
      float[] draws = source.next(active.row(row), channels * width);
      for (int i = 0; i < draws.length; i++) {
        stripes[row * draws.length + i] = sign(draws[i]);
      }
    }
    NDArray signs = Host.bring(manager, stripes, new Shape(rows, channels, 1, width));
    double epsilon = run.ball().threatModel().epsilon();
    return run.ball().project(clean.add(Autograd.scaled(signs, epsilon)));
  }

  private NDArray propose(AttackRun run, int query, NDManager manager) {
    if (run.ball().threatModel().norm() == Norm.LINF) {
      NDArray squares = squares(query, run.ball().threatModel().epsilon(), manager);
      return run.ball().project(best.images().add(squares));
    }
    int side = schedule.window(query, height, width);
    return new SquareWindows(side, source, active.rows(), run.ball(), best.images()).propose();
  }

  /** A square of plus or minus 2 epsilon in each channel, at a random place in each image. */
  private NDArray squares(int query, double epsilon, NDManager manager) {
    int rows = active.size();
    int side = schedule.side(query, height, width);
    float[] draws = new float[rows * (2 + channels)];
    int at = 0;
    for (int row = 0; row < rows; row++) {
      int id = active.row(row);
      draws[at++] = place(source.next(id, 1)[0], height - side);
      draws[at++] = place(source.next(id, 1)[0], width - side);
      for (float draw : source.next(id, channels)) {
        draws[at++] = sign(draw) * (float) (2 * epsilon);
      }
    }
    NDArray drawn = Host.bring(manager, draws, new Shape(rows, 2 + channels));
    return Script.MODULE.call("squares", new double[] {side, height, width}, drawn);
  }

  /** A whole number from 0 to below the bound, or 0. */
  static int place(float draw, int bound) {
    return (int) (bound * draw);
  }

  static float sign(float draw) {
    return Math.signum(2 * draw - 1);
  }
}
