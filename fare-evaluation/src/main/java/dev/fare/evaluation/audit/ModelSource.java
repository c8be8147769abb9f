package dev.fare.evaluation.audit;

import com.google.common.collect.ImmutableMap;
import com.google.common.hash.Hashing;
import com.google.common.io.MoreFiles;
import dev.fare.models.ClipCheckpoints;
import dev.fare.models.ClipModel;
import dev.fare.models.RobustClipEncoder;
import dev.fare.models.VisionTowerFile;
import dev.fare.models.format.ClipCheckpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Where a CLIP is.
 *
 * @param path a directory or file in any layout that {@link ClipCheckpoints} reads, or the file of
 *     a vision tower alone
 * @param base the CLIP that the vision tower of {@code path} was tuned from; empty where {@code
 *     path} is a whole CLIP
 */
public record ModelSource(Path path, Optional<Path> base) {

  private static final List<String> WEIGHTS = List.of(".safetensors", ".bin", ".pt", ".pth");

  /** A whole CLIP. */
  public static ModelSource of(Path path) {
    return new ModelSource(path, Optional.empty());
  }

  /** Reads configuration and list of tensors; the values stay on disk. */
  public ClipCheckpoint checkpoint() throws IOException {
    return base.isEmpty()
        ? ClipCheckpoints.read(path)
        : VisionTowerFile.read(path, ClipCheckpoints.read(base.get()));
  }

  /** Starts to load the vision tower. */
  public RobustClipEncoder.Builder encoder() throws IOException {
    return RobustClipEncoder.builder(checkpoint());
  }

  /** Loads both towers, onto a GPU where there is one. */
  public ClipModel load() throws IOException {
    return ClipModel.load(encoder());
  }

  /** The SHA-256 of each weight file, by the file's name. */
  public Map<String, String> digests() throws IOException {
    ImmutableMap.Builder<String, String> digests = ImmutableMap.builder();
    for (Path file : weightFiles()) {
      digests.put(
          file.getFileName().toString(),
          MoreFiles.asByteSource(file).hash(Hashing.sha256()).toString());
    }
    return digests.buildOrThrow();
  }

  private List<Path> weightFiles() throws IOException {
    if (!Files.isDirectory(path)) {
      return List.of(path);
    }
    try (Stream<Path> files = Files.list(path)) {
      return files
          .filter(file -> WEIGHTS.stream().anyMatch(file.getFileName().toString()::endsWith))
          .sorted()
          .toList();
    }
  }
}
