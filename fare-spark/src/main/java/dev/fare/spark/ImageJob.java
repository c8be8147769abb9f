package dev.fare.spark;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import com.google.common.collect.Lists;
import dev.fare.image.ImageDecoder;
import dev.fare.io.SafetensorsWriter;
import dev.fare.models.RobustClipEncoder;
import dev.fare.torch.GradMode;
import dev.fare.torch.TensorScope;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;

/**
 * Computes something for each of many images on Spark and writes it in files of fixed shards.
 *
 * <pre>{@code
 * JobSummary done =
 *     ImageJob.of(Path.of("/models/fare4-clip"), ImageFunction.embedding(), Path.of("/out/embeddings"))
 *         .run(spark, paths);
 * }</pre>
 *
 * <p>Executors get the model's path and load it once each. A shard's file appears whole or not at
 * all under a name that depends on nothing but its number, so that a task that fails, is repeated
 * or runs twice neither loses nor doubles an image, and a job that was stopped goes on where it was
 * when it is run again. Model, images and directory must be readable by every executor under the
 * same paths, as on a shared file system.
 */
public final class ImageJob {

  private static final int DEFAULT_SHARD = 256;

  private final Path model;
  private final ImageFunction function;
  private final Path directory;
  private int shardSize = DEFAULT_SHARD;

  private ImageJob(Path model, ImageFunction function, Path directory) {
    this.model = model;
    this.function = function;
    this.directory = directory;
  }

  /**
   * Describes a job.
   *
   * @param model what {@link RobustClipEncoder#load(Path)} takes
   * @param directory for the results; those of the same job are gone on with
   */
  public static ImageJob of(Path model, ImageFunction function, Path directory) {
    return new ImageJob(model.toAbsolutePath(), function, directory.toAbsolutePath());
  }

  /** How many images are computed at once and written as one file; 256 unless set. */
  public ImageJob shardSize(int images) {
    if (images < 1) {
      throw new IllegalArgumentException("a shard must have at least 1 image, got " + images);
    }
    shardSize = images;
    return this;
  }

  /**
   * Runs the job, or what is left of it.
   *
   * <p>Spark's own exception ends a job in which a shard failed as often as its settings allow;
   * finished shards stay.
   *
   * @param images paths, each once; their order decides about shards
   * @return what is in the directory now
   * @throws IllegalArgumentException if a path is there twice
   * @throws IOException if the directory holds results of other images
   */
  public JobSummary run(JavaSparkContext spark, List<Path> images) throws IOException {
    List<Shard> shards = shards(images);
    List<Shard> missing = new ArrayList<>();
    for (Shard shard : shards) {
      if (!shard.isDone(directory)) {
        missing.add(shard);
      }
    }
    if (!missing.isEmpty()) {
      compute(spark, missing);
    }
    long total = 0;
    for (Shard shard : shards) {
      total += ShardFile.read(shard.file(directory)).images().size();
    }
    return new JobSummary(shards.size(), total, shards.size() - missing.size());
  }

  private void compute(JavaSparkContext spark, List<Shard> missing) {
    Broadcast<String> path = spark.broadcast(model.toString());
    // what a task needs, and not this object
    ImageFunction computed = function;
    String target = directory.toString();
    try {
      spark
          .parallelize(missing, missing.size())
          .mapPartitions(tasks -> compute(tasks, path.value(), computed, target))
          .count();
    } finally {
      path.destroy();
    }
  }

  private List<Shard> shards(List<Path> images) {
    List<String> paths = images.stream().map(path -> path.toAbsolutePath().toString()).toList();
    if (new HashSet<>(paths).size() < paths.size()) {
      throw new IllegalArgumentException(
          "each image must be there once, got " + paths.size() + " paths with some twice");
    }
    List<Shard> shards = new ArrayList<>();
    for (List<String> part : Lists.partition(paths, shardSize)) {
      shards.add(new Shard(shards.size(), (long) shards.size() * shardSize, part));
    }
    return shards;
  }

  private static Iterator<Integer> compute(
      Iterator<Shard> tasks, String model, ImageFunction function, String directory)
      throws IOException {
    RobustClipEncoder encoder = ExecutorEncoders.get(model);
    List<Integer> done = new ArrayList<>();
    while (tasks.hasNext()) {
      Shard shard = tasks.next();
      compute(shard, encoder, function, Path.of(directory));
      done.add(shard.number());
    }
    return done.iterator();
  }

  private static void compute(
      Shard shard, RobustClipEncoder encoder, ImageFunction function, Path directory)
      throws IOException {
    ImageDecoder decoder = ImageDecoder.standard();
    List<Path> paths = shard.images().stream().map(Path::of).toList();
    try (NDManager manager = NDManager.newBaseManager(encoder.device(), "PyTorch");
        TensorScope scope = TensorScope.of(manager);
        GradMode off = GradMode.noGrad()) {
      NDArray pixels =
          encoder.preprocessing().toPixels(scope.manager(), paths, decoder::decode, Runnable::run);
      Map<String, NDArray> results = function.apply(encoder, pixels, shard.first());
      results.forEach((name, result) -> check(name, result, paths.size()));
      SafetensorsWriter.write(
          shard.file(directory), results, DataType.FLOAT32, Map.of(Shard.IMAGES, shard.metadata()));
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private static void check(String name, NDArray result, int images) {
    if (result.getShape().dimension() < 1 || result.getShape().get(0) != images) {
      throw new IllegalArgumentException(
          "the result '"
              + name
              + "' must have a row for each of "
              + images
              + " images, got the shape "
              + result.getShape());
    }
  }
}
