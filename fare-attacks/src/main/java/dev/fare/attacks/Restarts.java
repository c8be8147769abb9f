package dev.fare.attacks;

import dev.fare.attacks.ImageAttack.Found;

/**
 * Searches several times.
 *
 * @param count how often
 * @param everyImage whether to search again for images that have succeeded, for a higher loss
 */
record Restarts(int count, boolean everyImage) {

  /** One of the searches. */
  interface Search {
    /**
     * Searches once.
     *
     * @param run for all images, or for those that have not succeeded
     */
    Found once(AttackRun run, int restart);
  }

  /** The best of all; the arrays belong to the run's manager. */
  Found search(AttackRun run, Search search) {
    Candidates best = new Candidates(run.ball().center(), run.manager());
    for (int restart = 0; restart < count; restart++) {
      long[] rows = restart == 0 || everyImage ? run.rows() : best.survivors();
      if (rows.length == 0 || (restart > 0 && run.meter().mustStop())) {
        break;
      }
      boolean narrow = rows.length < run.size() && run.isSelectable();
      try (AttackRun some = narrow ? run.select(rows) : run.nested()) {
        Found found = search.once(some, restart);
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
