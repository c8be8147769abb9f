package dev.fare.spark;

/**
 * What a job has done, counted from the files and not from the tasks: a task that ran twice counts
 * once.
 *
 * @param shards that are there now
 * @param images in them
 * @param reused shards that an earlier run had finished
 * @param unreadable pictures that could not be read and have no results
 */
public record JobSummary(int shards, long images, int reused, long unreadable) {

  /** A job of which every picture could be read. */
  public JobSummary(int shards, long images, int reused) {
    this(shards, images, reused, 0);
  }
}
