package dev.fare.spark;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import com.google.common.collect.Lists;
import com.google.common.primitives.Longs;
import dev.fare.image.ImageDecoder;
import dev.fare.image.PixelImage;
import dev.fare.io.SafetensorsWriter;
import dev.fare.models.RobustClipEncoder;
import dev.fare.torch.GradMode;
import dev.fare.torch.TensorScope;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

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

  private static final Logger log = LoggerFactory.getLogger(ImageJob.class);

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
   * @throws IOException if the directory holds results of other images, another model or another
   *     function
   */
  public JobSummary run(JavaSparkContext spark, List<Path> images) throws IOException {
    List<Shard> shards = shards(images, ModelFiles.digest(model) + " " + function.identity());
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
    long unreadable = 0;
    for (Shard shard : shards) {
      ShardFile file = ShardFile.read(shard.file(directory));
      total += file.images().size();
      unreadable += file.unreadable().size();
    }
    if (unreadable > 0) {
      log.warn("{} pictures could not be read and have no results in {}", unreadable, directory);
    }
    return new JobSummary(shards.size(), total, shards.size() - missing.size(), unreadable);
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

  private List<Shard> shards(List<Path> images, String job) {
    List<String> paths = images.stream().map(path -> path.toAbsolutePath().toString()).toList();
    if (new HashSet<>(paths).size() < paths.size()) {
      throw new IllegalArgumentException(
          "each image must be there once, got " + paths.size() + " paths with some twice");
    }
    List<Shard> shards = new ArrayList<>();
    for (List<String> part : Lists.partition(paths, shardSize)) {
      shards.add(new Shard(shards.size(), (long) shards.size() * shardSize, part, job));
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
    Pictures pictures = Pictures.of(shard);
    Map<String, String> metadata = shard.metadata(pictures.readable(), pictures.unreadable());
    try (NDManager manager = NDManager.newBaseManager(encoder.device(), "PyTorch");
        TensorScope scope = TensorScope.of(manager);
        GradMode off = GradMode.noGrad()) {
      Map<String, NDArray> results = Map.of();
      if (!pictures.decoded().isEmpty()) {
        NDArray pixels = encoder.preprocessing().toPixels(scope.manager(), pictures.decoded());
        results = function.apply(encoder, pixels, pictures.positions());
      }
      results.forEach((name, result) -> check(name, result, pictures.decoded().size()));
      SafetensorsWriter.write(shard.file(directory), results, DataType.FLOAT32, metadata);
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  /** A shard's pictures; what can't be read is left out and counted. */
  private record Pictures(
      List<PixelImage> decoded, List<String> readable, List<String> unreadable, long[] positions) {

    static Pictures of(Shard shard) throws IOException {
      ImageDecoder decoder = ImageDecoder.standard();
      List<PixelImage> decoded = new ArrayList<>();
      List<String> readable = new ArrayList<>();
      List<String> unreadable = new ArrayList<>();
      List<Long> positions = new ArrayList<>();
      for (int i = 0; i < shard.images().size(); i++) {
        String image = shard.images().get(i);
        try {
          decoded.add(decoder.decode(Path.of(image)));
          readable.add(image);
          positions.add(shard.first() + i);
        } catch (ClosedByInterruptException | InterruptedIOException e) {
          throw e; // the task's fault, not the picture's
        } catch (IOException e) {
          log.warn("{} can't be read and is left out: {}", image, e.getMessage());
          unreadable.add(image);
        }
      }
      return new Pictures(decoded, readable, unreadable, Longs.toArray(positions));
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
