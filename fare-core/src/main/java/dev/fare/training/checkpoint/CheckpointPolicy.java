package dev.fare.training.checkpoint;

import static java.util.Objects.requireNonNull;

import java.nio.file.Path;

/**
 * Where checkpoints go, when they are written and which are kept.
 *
 * @param directory of this run alone
 * @param every how many steps
 * @param keepLast how many of the newest are kept, at least 1
 * @param milestoneEvery checkpoints at multiples of this many steps are kept for good, 0 for none
 * @param changedSettingsAllowed whether a run may go on with other settings
 */
public record CheckpointPolicy(
    Path directory, long every, int keepLast, long milestoneEvery, boolean changedSettingsAllowed) {

  public CheckpointPolicy {
    requireNonNull(directory, "directory");
  }

  public boolean isDue(long step) {
    return step % every == 0 || (milestoneEvery > 0 && step % milestoneEvery == 0);
  }
}
