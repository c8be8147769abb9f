package dev.fare.attacks.run;

/**
 * Several searches one after the other: restarts, targets.
 *
 * @param count how many
 * @param everyImage whether to search again for images that have succeeded, for a higher loss
 */
public record Restarts(int count, boolean everyImage) {

  /** One of the searches. */
  public interface Round {
    /**
     * Searches once.
     *
     * @param run for all images, or for those that have not succeeded
     * @param rows which of the batch's images those are
     * @param index of the round, from 0
     */
    Found once(AttackRun run, long[] rows, int index);
  }

  /** The best of all rounds; the arrays belong to the run's manager. */
  public Found search(AttackRun run, Round round) {
    return search(run, BestFound.none(run), round);
  }

  /** The best of all rounds and of what is already known. */
  public Found search(AttackRun run, BestFound best, Round round) {
    for (int i = 0; i < count && !(i > 0 && run.budget().mustStop()); i++) {
      long[] rows = everyImage ? run.rows() : best.survivors();
      if (rows.length == 0) {
        break;
      }
      boolean narrow = rows.length < run.size() && run.isSelectable();
      try (AttackRun some = narrow ? run.select(rows) : run.nested()) {
        Found found = round.once(some, narrow ? rows : run.rows(), i);
        if (narrow) {
          best.absorb(found, rows);
        } else {
          best.absorb(found);
        }
      }
    }
    return best.found();
  }
}
