package dev.fare.spark;

import dev.fare.image.ImageDecoder;
import dev.fare.models.RobustClipEncoder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * Embeds a folder of pictures in a plain loop and on Spark in local mode, in turn, and prints
 * images a second of both.
 *
 * <p>Arguments: a model, a folder of pictures, a number of task threads.
 */
public final class SparkThroughput {

  private static final int ROUNDS = 3;
  private static final int SHARD = 64;

  private SparkThroughput() {}

  /** Runs the comparison. */
  public static void main(String[] args) throws IOException {
    if (args.length != 3) {
      System.err.println("three arguments: model, folder of pictures, number of task threads");
      return;
    }
    Path model = Path.of(args[0]);
    List<Path> images;
    try (Stream<Path> files = Files.walk(Path.of(args[1]))) {
      images = files.filter(file -> file.toString().matches(".*\\.(png|jpe?g)")).sorted().toList();
    }
    SparkConf conf =
        new SparkConf()
            .setMaster("local[" + args[2] + "]")
            .setAppName("fare")
            .set("spark.ui.enabled", "false");
    double[] plain = new double[ROUNDS];
    double[] spark = new double[ROUNDS];
    try (JavaSparkContext context = new JavaSparkContext(conf);
        RobustClipEncoder encoder = RobustClipEncoder.load(model)) {
      onSpark(context, model, images.subList(0, 1));
      for (int round = 0; round < ROUNDS; round++) {
        plain[round] = inLoop(encoder, images);
        spark[round] = onSpark(context, model, images);
      }
    }
    double loop = median(plain);
    double job = median(spark);
    System.out.printf(
        Locale.ROOT,
        "%d images: plain loop %.1f/s, Spark local[%s] %.1f/s, ratio %.2f (medians of %d)%n",
        images.size(),
        images.size() / loop,
        args[2],
        images.size() / job,
        loop / job,
        ROUNDS);
  }

  private static double inLoop(RobustClipEncoder encoder, List<Path> images) throws IOException {
    ImageDecoder decoder = ImageDecoder.standard();
    long start = System.nanoTime();
    for (int from = 0; from < images.size(); from += SHARD) {
      List<Path> batch = images.subList(from, Math.min(images.size(), from + SHARD));
      encoder.embed(batch, decoder::decode, Runnable::run);
    }
    return (System.nanoTime() - start) * 1e-9;
  }

  private static double onSpark(JavaSparkContext context, Path model, List<Path> images)
      throws IOException {
    Path results = Files.createTempDirectory("fare-spark");
    long start = System.nanoTime();
    ImageJob.of(model, ImageFunction.embedding(), results).shardSize(SHARD).run(context, images);
    double seconds = (System.nanoTime() - start) * 1e-9;
    try (Stream<Path> files = Files.walk(results)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
    return seconds;
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }
}
