package dev.fare.examples.benchmarks;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import dev.fare.examples.benchmarks.InterleavedTimer.Candidate;
import dev.fare.examples.benchmarks.InterleavedTimer.Timing;
import dev.fare.image.PixelNormalization;
import dev.fare.models.ClipInitialization;
import dev.fare.models.format.ClipArchitectures;
import dev.fare.models.format.ClipConfig;
import dev.fare.models.format.huggingface.HuggingFaceWriter;
import dev.fare.models.vision.VitConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What benchmarks work with: models with random weights, random images, a timer. Speed depends on
 * neither weights nor pixels.
 */
final class Workbench implements AutoCloseable {

  /** The models of the table. */
  record Models(VitConfig vitB32, VitConfig vitL14) {

    static Models ofTheTable() {
      return new Models(config("ViT-B-32-quickgelu"), config("ViT-L-14-quickgelu"));
    }
  }

  private static final int SEED = 1;

  private static final int PHOTOGRAPHS = 64;

  private final Models models;
  private final InterleavedTimer timer;
  private final int threads;
  private final @Nullable Path images;
  private final NDManager manager =
      NDManager.newBaseManager(Engine.getEngine("PyTorch").defaultDevice(), "PyTorch");
  private @Nullable Path folder;

  /**
   * Nothing is made before it is asked for.
   *
   * @param models which stand for those of the table
   * @param timer its rounds and limit are for one row
   * @param threads that others than libtorch may have, who has as many
   * @param images a folder of JPEG files, null to draw some
   */
  Workbench(Models models, InterleavedTimer timer, int threads, @Nullable Path images) {
    this.models = models;
    this.timer = timer;
    this.threads = threads;
    this.images = images;
  }

  Models models() {
    return models;
  }

  int threads() {
    return threads;
  }

  /** Times candidates in turn; the first one is the reference. */
  List<Timing> time(Candidate... candidates) {
    return timer.run(List.of(candidates));
  }

  /** A timer with other bounds. */
  InterleavedTimer timer(int rounds) {
    return new InterleavedTimer(Math.min(rounds, timer.rounds()), timer.limit(), timer.clock());
  }

  NDManager manager() {
    return manager;
  }

  static VitConfig config(String model) {
    return ClipArchitectures.named(model)
        .vision()
        .match(
            vit -> vit,
            convNext -> {
              throw new IllegalArgumentException(
                  "the model must be a vision transformer, got " + model);
            });
  }

  /** Weights of a vision tower; the manager owns them. */
  static Map<String, NDArray> weights(VitConfig config, NDManager manager) {
    return ClipInitialization.random(clip(config), SEED, manager);
  }

  private static ClipConfig clip(VitConfig config) {
    return new ClipConfig(config, Optional.empty(), PixelNormalization.CLIP);
  }

  /** {@code [N,3,S,S]} in [0,1]; the manager owns them. */
  static NDArray images(int count, VitConfig config, NDManager manager) {
    int size = config.imageSize();
    return manager.randomUniform(0, 1, new Shape(count, 3, size, size));
  }

  /** A directory for files, which {@link #close} deletes. */
  Path folder() throws IOException {
    if (folder == null) {
      folder = Files.createTempDirectory("fare-benchmarks");
    }
    return folder;
  }

  /** ViT-B/32 as a directory on disk. */
  Path vitB32() throws IOException {
    Path directory = folder().resolve("vit-b-32");
    if (!Files.exists(directory)) {
      VitConfig config = models.vitB32();
      try (NDManager writing = NDManager.newBaseManager("PyTorch")) {
        HuggingFaceWriter.write(
            clip(config), weights(config, writing), Optional.empty(), directory);
      }
    }
    return directory;
  }

  /** JPEG files. */
  List<Path> photographs() throws IOException {
    return images != null
        ? JpegFiles.in(images, PHOTOGRAPHS)
        : JpegFiles.draw(folder(), PHOTOGRAPHS);
  }

  @Override
  public void close() throws IOException {
    manager.close();
    if (folder != null) {
      MoreFiles.deleteRecursively(folder, RecursiveDeleteOption.ALLOW_INSECURE);
    }
  }
}
