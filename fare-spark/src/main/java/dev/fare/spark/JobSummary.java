package dev.fare.spark;

/**
 * What a job has done, counted from the files and not from the tasks: a task that ran twice counts
 * once.
 *
 * @param shards that are there now
 * @param images in them
 * @param reused shards that an earlier run had finished
 */
public record JobSummary(int shards, long images, int reused) {}
