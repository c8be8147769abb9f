package dev.fare.spark;

import com.google.gson.Gson;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Some images that are computed together and written as one file.
 *
 * @param number from 0
 * @param first the position of the first image among all
 * @param images where they are, readable by every executor
 * @param job what is computed with which model
 */
record Shard(int number, long first, List<String> images, String job) implements Serializable {

  /** The key of the images' paths in a file's metadata. */
  static final String IMAGES = "images";

  /** The key of the paths of pictures that could not be read. */
  static final String UNREADABLE = "unreadable";

  /** The key of what was computed with which model. */
  static final String JOB = "job";

  Shard {
    images = List.copyOf(images);
  }

  /** The file of results: whole, or absent. */
  Path file(Path directory) {
    return directory.resolve("shard-%06d.safetensors".formatted(number));
  }

  /**
   * Whether the results are there.
   *
   * @throws IOException if there are results of other images, another model or another function
   */
  boolean isDone(Path directory) throws IOException {
    Path file = file(directory);
    if (!Files.exists(file)) {
      return false;
    }
    ShardFile done = ShardFile.read(file);
    if (!done.isAbout(images)) {
      throw new IOException(
          file
              + " holds the results of other images than this job has in its place; choose another"
              + " directory, or the images and the shard size that it was begun with");
    }
    if (!done.job().equals(job)) {
      throw new IOException(
          file
              + " holds the results of another model or function ("
              + (done.job().isEmpty() ? "an earlier version did not say which" : done.job())
              + ", this job is "
              + job
              + "); choose another directory");
    }
    return true;
  }

  /**
   * The file's metadata.
   *
   * @param readable the images of the rows
   * @param unreadable the others
   */
  Map<String, String> metadata(List<String> readable, List<String> unreadable) {
    Gson gson = new Gson();
    return Map.of(IMAGES, gson.toJson(readable), UNREADABLE, gson.toJson(unreadable), JOB, job);
  }
}
