package dev.fare.spark;

import com.google.gson.Gson;
import com.google.gson.JsonSyntaxException;
import dev.fare.io.LazyTensor;
import dev.fare.io.ModelFormatException;
import dev.fare.io.SafetensorsFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * The results of one shard.
 *
 * @param images the paths, in the order of the rows
 * @param tensors {@code [N,…]} by the names that the function gave
 */
public record ShardFile(List<String> images, Map<String, LazyTensor> tensors) {

  /** Copies the list. */
  public ShardFile {
    images = List.copyOf(images);
  }

  /**
   * Reads a file that a job wrote.
   *
   * @throws ModelFormatException if it is none
   */
  public static ShardFile read(Path file) throws IOException {
    SafetensorsFile read = SafetensorsFile.read(file);
    String json = read.metadata().get(Shard.IMAGES);
    try {
      String[] images = json == null ? null : new Gson().fromJson(json, String[].class);
      if (images != null) {
        return new ShardFile(List.of(images), read.tensors());
      }
    } catch (JsonSyntaxException e) {
      throw new ModelFormatException(file + ": the list of images is no JSON", e);
    }
    throw new ModelFormatException(file + ": no list of images, so no job wrote this");
  }
}
