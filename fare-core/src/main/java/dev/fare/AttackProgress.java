package dev.fare;

import ai.djl.ndarray.NDArray;
import dev.fare.torch.Host;

/**
 * Where an attack stands after a step. The arrays are on the device and freed when the listener
 * returns; reading one makes the host wait.
 *
 * @param attack such as {@code APGD}, {@code PGD}, {@code FAB} or {@code Square}
 * @param step from 0
 * @param steps how many there will be, in this restart
 * @param restart from 0; for targeted attacks restarts and targets are counted together
 * @param images how many images are still attacked
 * @param losses {@code [N]} at the images that this step reached
 * @param bestLosses {@code [N]} so far
 * @param succeeded {@code [N]} boolean, so far
 * @param stepSizes {@code [N]} that this step used, in pixel space; for FAB the distances of the
 *     nearest successes so far
 */
public record AttackProgress(
    String attack,
    int step,
    int steps,
    int restart,
    long images,
    NDArray losses,
    NDArray bestLosses,
    NDArray succeeded,
    NDArray stepSizes) {

  /** The mean of the losses; makes the host wait. */
  public float meanLoss() {
    return Host.floats(losses.mean())[0];
  }
}
