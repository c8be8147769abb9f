package dev.fare.models.format;

import dev.fare.io.LazyTensor;
import dev.fare.io.ModelFormatException;
import dev.fare.io.StrictJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The tensors of a directory, in one file or in shards with an index.
 *
 * @param tensors by the names in the files
 * @param origin the file or index, for messages
 */
public record WeightDirectory(Map<String, LazyTensor> tensors, String origin) {

  private static final int MAX_SHARDS = 10_000;

  /**
   * Finds the weights of a directory.
   *
   * @param names of files, the best first; each may be there as a whole or as an index of shards
   */
  public static Optional<WeightDirectory> find(Path directory, String... names) throws IOException {
    for (String name : names) {
      Path single = directory.resolve(name);
      if (Files.exists(single)) {
        return Optional.of(
            new WeightDirectory(WeightFile.read(single).tensors(), single.toString()));
      }
      Path index = directory.resolve(name + ".index.json");
      if (Files.exists(index)) {
        return Optional.of(readShards(index));
      }
    }
    return Optional.empty();
  }

  /** The same where there must be weights. */
  public static WeightDirectory need(Path directory, String... names) throws IOException {
    return find(directory, names)
        .orElseThrow(
            () ->
                new ModelFormatException(
                    directory + ": there is a config.json but none of " + Arrays.toString(names)));
  }

  /** Whether one of the names is there, as a whole or as an index of shards. */
  public static boolean exist(Path directory, String... names) {
    return Arrays.stream(names)
        .anyMatch(
            name ->
                Files.exists(directory.resolve(name))
                    || Files.exists(directory.resolve(name + ".index.json")));
  }

  private static WeightDirectory readShards(Path index) throws IOException {
    ConfigSection section = new ConfigSection(StrictJson.read(index), index.toString());
    ConfigSection map =
        section
            .section("weight_map")
            .orElseThrow(() -> section.wrong("weight_map", "an object of file names", null));
    Map<String, String> shardOfTensor = new LinkedHashMap<>();
    for (String tensor : map.values().keySet()) {
      shardOfTensor.put(
          tensor, map.string(tensor).orElseThrow(() -> map.wrong(tensor, "a file name", null)));
    }
    Map<String, LazyTensor> tensors = new LinkedHashMap<>();
    Set<String> shards = new LinkedHashSet<>(shardOfTensor.values());
    if (shards.size() > MAX_SHARDS) {
      throw new ModelFormatException(index + ": up to " + MAX_SHARDS + " shards are allowed");
    }
    for (String shard : shards) {
      for (Map.Entry<String, LazyTensor> tensor : readShard(index, shard).entrySet()) {
        if (!shard.equals(shardOfTensor.get(tensor.getKey()))) {
          throw new ModelFormatException(
              index + ": tensor '" + tensor.getKey() + "' lies in " + shard + " against the index");
        }
        tensors.put(tensor.getKey(), tensor.getValue());
      }
    }
    for (Map.Entry<String, String> entry : shardOfTensor.entrySet()) {
      if (!tensors.containsKey(entry.getKey())) {
        throw new ModelFormatException(
            index + ": tensor '" + entry.getKey() + "' is missing in " + entry.getValue());
      }
    }
    return new WeightDirectory(tensors, index.toString());
  }

  private static Map<String, LazyTensor> readShard(Path index, String shard) throws IOException {
    // A shard lies beside its index: a path would let a model file read elsewhere.
    if (!shard.matches("[A-Za-z0-9_][A-Za-z0-9._-]*")) {
      throw new ModelFormatException(
          index + ": a shard must be a plain file name, got '" + shard + "'");
    }
    Path file = index.resolveSibling(shard);
    if (!Files.exists(file)) {
      throw new ModelFormatException(index + ": the shard " + shard + " is missing beside it");
    }
    return WeightFile.read(file).tensors();
  }
}
