package dev.fare.spark;

import com.google.gson.Gson;
import com.google.gson.JsonSyntaxException;
import dev.fare.io.LazyTensor;
import dev.fare.io.ModelFormatException;
import dev.fare.io.SafetensorsFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The results of one shard.
 *
 * @param images the paths, in the order of the rows
 * @param unreadable the paths of pictures that could not be read, which have no row
 * @param job what was computed with which model; empty in an earlier version's file
 * @param tensors {@code [N,…]} by the names that the function gave; none where no picture could be
 *     read
 */
public record ShardFile(
    List<String> images, List<String> unreadable, String job, Map<String, LazyTensor> tensors) {

  /** Copies the lists. */
  public ShardFile {
    images = List.copyOf(images);
    unreadable = List.copyOf(unreadable);
  }

  /**
   * Reads a file that a job wrote.
   *
   * @throws ModelFormatException if it is none
   */
  public static ShardFile read(Path file) throws IOException {
    SafetensorsFile read = SafetensorsFile.read(file);
    Map<String, String> metadata = read.metadata();
    List<String> images = paths(file, metadata.get(Shard.IMAGES));
    if (images == null) {
      throw new ModelFormatException(file + ": no list of images, so no job wrote this");
    }
    List<String> unreadable = paths(file, metadata.get(Shard.UNREADABLE));
    return new ShardFile(
        images,
        unreadable == null ? List.of() : unreadable,
        metadata.getOrDefault(Shard.JOB, ""),
        read.tensors());
  }

  private static @Nullable List<String> paths(Path file, @Nullable String json)
      throws ModelFormatException {
    if (json == null) {
      return null;
    }
    try {
      String[] paths = new Gson().fromJson(json, String[].class);
      if (paths != null && !Arrays.asList(paths).contains(null)) {
        return List.of(paths);
      }
    } catch (JsonSyntaxException e) {
      throw new ModelFormatException(file + ": a list of images is no JSON of paths", e);
    }
    throw new ModelFormatException(file + ": a list of images is no JSON of paths");
  }

  /** Whether these are the images, in this order but for those that could not be read. */
  boolean isAbout(List<String> all) {
    Set<String> gaps = new HashSet<>(unreadable);
    return images.size() + unreadable.size() == all.size()
        && new HashSet<>(all).containsAll(gaps)
        && all.stream().filter(image -> !gaps.contains(image)).toList().equals(images);
  }
}
