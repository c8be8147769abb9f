package dev.fare.spark;

import com.google.gson.Gson;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Some images that are computed together and written as one file.
 *
 * @param number from 0
 * @param first the position of the first image among all
 * @param images where they are, readable by every executor
 */
record Shard(int number, long first, List<String> images) implements Serializable {

  /** The key of the images' paths in a file's metadata. */
  static final String IMAGES = "images";

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
   * @throws IOException if there are results of other images
   */
  boolean isDone(Path directory) throws IOException {
    Path file = file(directory);
    if (!Files.exists(file)) {
      return false;
    }
    ShardFile done = ShardFile.read(file);
    if (!done.images().equals(images)) {
      throw new IOException(
          file
              + " holds the results of other images than this job has in its place; choose another"
              + " directory, or the images and the shard size that it was begun with");
    }
    return true;
  }

  /** The paths as metadata. */
  String metadata() {
    return new Gson().toJson(images);
  }
}
