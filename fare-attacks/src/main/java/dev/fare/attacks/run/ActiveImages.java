package dev.fare.attacks.run;

import ai.djl.ndarray.NDArray;
import dev.fare.attacks.tensor.LoopTensor;
import dev.fare.torch.Host;
import dev.fare.torch.TensorScope;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;

/** The images of a batch that a search is still busy with, and what the others ended with. */
public final class ActiveImages {

  private final AttackRun whole;
  private final BestFound finished;
  private AttackRun run;
  private long[] rows;

  public ActiveImages(AttackRun whole) {
    this.whole = whole;
    run = whole;
    rows = whole.rows();
    finished = BestFound.none(whole);
  }

  /** The run for the active images. */
  public AttackRun run() {
    return run;
  }

  /** Which rows of the whole batch are active. */
  public int[] rows() {
    return LongStream.of(rows).mapToInt(Math::toIntExact).toArray();
  }

  /** The row of the whole batch that an active image has. */
  public int row(int index) {
    return Math.toIntExact(rows[index]);
  }

  public int size() {
    return rows.length;
  }

  /**
   * Goes on without the images that have succeeded, if the objective can be narrowed. On a GPU it
   * looks only now and then, so that the host does not wait for every step.
   *
   * @param incumbent the best points of the active images
   * @param others what else has a row per active image
   * @param look whether to look even on a GPU
   * @return whether there is an image to go on with
   */
  public boolean dropFinished(BestFound incumbent, List<LoopTensor> others, boolean look) {
    if (run.manager().getDevice().isGpu() && !look) {
      return true;
    }
    long[] open = incumbent.survivors();
    if (open.length == 0) {
      finish(incumbent.found());
      return false;
    }
    if (open.length < rows.length && run.isSelectable()) {
      finish(incumbent.found());
      List<LoopTensor> state = new ArrayList<>(incumbent.state());
      state.addAll(others);
      select(open, state);
    }
    return true;
  }

  private void select(long[] open, List<LoopTensor> state) {
    try (TensorScope scope = TensorScope.of(whole.manager())) {
      NDArray indices = Host.bring(scope.manager(), open);
      state.forEach(kept -> kept.select(indices, scope));
    }
    rows = LongStream.of(open).map(row -> rows[Math.toIntExact(row)]).toArray();
    if (run != whole) {
      run.close();
    }
    run = whole.select(rows);
  }

  /** Takes over what was found for the active images. */
  public void finish(Found found) {
    if (run == whole) {
      finished.absorb(found);
    } else {
      finished.absorb(found, rows);
    }
  }

  /** What was found for all images. */
  public Found found() {
    return finished.found();
  }
}
