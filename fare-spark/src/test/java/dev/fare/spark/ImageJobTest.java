package dev.fare.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import dev.fare.image.ImageDecoder;
import dev.fare.image.PixelNormalization;
import dev.fare.models.ClipInitialization;
import dev.fare.models.RobustClipEncoder;
import dev.fare.models.format.ClipConfig;
import dev.fare.models.format.huggingface.HuggingFaceWriter;
import dev.fare.models.transformer.Activation;
import dev.fare.models.vision.VitConfig;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkException;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Spark in local mode with two task threads, where a task may fail three times. */
class ImageJobTest {

  private static final int IMAGES = 23;
  private static final int SHARD = 4;

  @TempDir static Path shared;
  private static Path model;
  private static List<Path> images;
  private static float[][] expected;
  private static JavaSparkContext spark;

  @TempDir Path directory;
  private Path results;

  @BeforeAll
  static void start() throws Exception {
    model = shared.resolve("model");
    VitConfig vision = new VitConfig(32, 8, 16, 2, 2, 32, 8, Activation.QUICK_GELU, 1e-5);
    ClipConfig config = new ClipConfig(vision, Optional.empty(), PixelNormalization.CLIP);
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
      HuggingFaceWriter.write(
          config, ClipInitialization.random(config, 5, manager), Optional.empty(), model);
    }
    images = new ArrayList<>();
    for (int i = 0; i < IMAGES; i++) {
      images.add(picture(i));
    }
    try (RobustClipEncoder encoder = RobustClipEncoder.load(model)) {
      expected = encoder.embed(images, ImageDecoder.standard()::decode, Runnable::run);
    }
    SparkConf conf =
        new SparkConf()
            .setMaster("local[2,3]")
            .setAppName("test")
            .set("spark.ui.enabled", "false")
            .set("spark.driver.host", "localhost")
            .set("spark.driver.bindAddress", "127.0.0.1");
    spark = new JavaSparkContext(conf);
  }

  @AfterAll
  static void stop() {
    spark.close();
  }

  @BeforeEach
  void results() {
    results = directory.resolve("results");
  }

  /** The example of docs/integrations.md. */
  @Test
  void embedsAsDocumented() throws Exception {
    JobSummary done = ImageJob.of(model, ImageFunction.embedding(), results).run(spark, images);

    assertThat(done.images()).isEqualTo(IMAGES);
  }

  @Test
  void givesThePlainLoopsEmbeddings() throws Exception {
    JobSummary summary = job(ImageFunction.embedding()).run(spark, images);

    assertThat(summary).isEqualTo(new JobSummary(6, IMAGES, 0));
    assertEmbeddings();
  }

  @Test
  void aTaskThatFailsIsRepeatedAndCountsOnce() throws Exception {
    Path marks = Files.createDirectory(directory.resolve("marks"));
    JobSummary summary = job(failing(marks, 2)).run(spark, images);

    try (Stream<Path> attempts = Files.list(marks)) {
      assertThat(attempts).as("failures").hasSize(2);
    }
    assertThat(summary).isEqualTo(new JobSummary(6, IMAGES, 0));
    assertEmbeddings();
  }

  @Test
  void aJobThatBrokeGoesOnWhereItWas() throws Exception {
    Path marks = Files.createDirectory(directory.resolve("marks"));
    assertThatThrownBy(() -> job(failing(marks, 3)).run(spark, images))
        .hasStackTraceContaining(SparkException.class.getName())
        .hasStackTraceContaining("power failure");
    Map<Path, FileTime> before = modified();
    assertThat(before).isNotEmpty().hasSizeLessThan(6);

    JobSummary summary = job(ImageFunction.embedding()).run(spark, images);

    assertThat(summary.images()).isEqualTo(IMAGES);
    // a task of the broken job may have finished after the job
    assertThat(summary.reused()).isGreaterThanOrEqualTo(before.size());
    assertThat(modified()).containsAllEntriesOf(before);
    assertEmbeddings();
    assertThat(job(ImageFunction.embedding()).run(spark, images).reused()).isEqualTo(6);
  }

  @Test
  void attacksEveryImage() throws Exception {
    double epsilon = 4 / 255.0;
    job(ImageFunction.embeddingShift(epsilon, 3, 7)).run(spark, images.subList(0, 8));
    List<float[]> first = rows("shift");
    Path again = directory.resolve("again");
    ImageJob.of(model, ImageFunction.embeddingShift(epsilon, 3, 7), again)
        .shardSize(SHARD)
        .run(spark, images.subList(0, 8));
    results = again;

    assertThat(first).hasSize(8).allSatisfy(shift -> assertThat(shift[0]).isPositive());
    for (int i = 0; i < 8; i++) {
      assertThat(rows("shift").get(i)).containsExactly(first.get(i), within(1e-6f));
    }
  }

  @Test
  void otherImagesOrTheSameTwiceAreRefused() throws Exception {
    job(ImageFunction.embedding()).run(spark, images.subList(0, 4));

    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> job(ImageFunction.embedding()).run(spark, images.subList(1, 5)))
        .withMessageContaining("other images");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> job(ImageFunction.embedding()).run(spark, List.of(images.get(0), images.get(0))))
        .withMessageContaining("twice");
  }

  @Test
  void anotherModelFunctionOrEpsilonIsRefused() throws Exception {
    List<Path> four = images.subList(0, 4);
    job(ImageFunction.embeddingShift(4 / 255.0, 1, 7)).run(spark, four);
    Path other = shared.resolve("other");
    for (Path file : List.of(model.resolve("config.json"), model.resolve("model.safetensors"))) {
      Files.createDirectories(other);
      Files.write(other.resolve(file.getFileName()), Files.readAllBytes(file));
    }
    byte[] weights = Files.readAllBytes(other.resolve("model.safetensors"));
    weights[weights.length - 2] ^= 1;
    Files.write(other.resolve("model.safetensors"), weights);

    for (ImageFunction function :
        List.of(
            ImageFunction.embedding(),
            ImageFunction.embeddingShift(8 / 255.0, 1, 7),
            ImageFunction.embeddingShift(4 / 255.0, 1, 8),
            scaled(2))) {
      assertThatExceptionOfType(IOException.class)
          .isThrownBy(() -> job(function).run(spark, four))
          .withMessageContaining("another model or function");
    }
    assertThatExceptionOfType(IOException.class)
        .isThrownBy(
            () ->
                ImageJob.of(other, ImageFunction.embeddingShift(4 / 255.0, 1, 7), results)
                    .shardSize(SHARD)
                    .run(spark, four))
        .withMessageContaining("another model or function");
    assertThat(scaled(2).identity()).isEqualTo(scaled(2).identity());
    assertThat(scaled(2).identity()).isNotEqualTo(scaled(3).identity());
  }

  private static ImageFunction scaled(double factor) {
    return (encoder, pixels, first) -> Map.of("embedding", encoder.embed(pixels).mul(factor));
  }

  @Test
  void anImagesRandomStartDoesNotDependOnTheShards() throws Exception {
    ImageFunction function = ImageFunction.embeddingShift(4 / 255.0, 1, 7);
    job(function).run(spark, images.subList(0, 8));
    List<float[]> fours = rows("shift");
    results = directory.resolve("threes");
    ImageJob.of(model, function, results).shardSize(3).run(spark, images.subList(0, 8));

    List<float[]> threes = rows("shift");
    results = directory.resolve("another-seed");
    job(ImageFunction.embeddingShift(4 / 255.0, 1, 8)).run(spark, images.subList(0, 8));
    List<float[]> others = rows("shift");
    for (int i = 0; i < 8; i++) {
      // a batch of another size rounds otherwise, and a step's signs may follow
      float rounding = 2e-3f * fours.get(i)[0];
      assertThat(threes.get(i)).containsExactly(fours.get(i), within(rounding));
      assertThat(Math.abs(others.get(i)[0] - fours.get(i)[0])).isGreaterThan(rounding);
    }
  }

  @Test
  void picturesThatCannotBeReadAreLeftOutAndCounted() throws Exception {
    List<Path> some = new ArrayList<>(images.subList(0, 6));
    Path broken = Files.write(directory.resolve("broken.png"), new byte[] {1, 2, 3});
    some.add(1, broken);
    some.add(directory.resolve("absent.png"));
    for (int i = 0; i < 4; i++) {
      some.add(directory.resolve("absent-" + i + ".png"));
    }

    JobSummary summary = job(ImageFunction.embedding()).run(spark, some);

    assertThat(summary).isEqualTo(new JobSummary(3, 6, 0, 6));
    ShardFile first = ShardFile.read(results.resolve("shard-000000.safetensors"));
    assertThat(first.unreadable()).containsExactly(broken.toString());
    List<float[]> rows = rows("embedding");
    for (int i = 0; i < 6; i++) {
      assertThat(rows.get(i)).containsExactly(expected[i], within(1e-5f));
    }
    assertThat(job(ImageFunction.embedding()).run(spark, some).reused()).isEqualTo(3);
  }

  private ImageJob job(ImageFunction function) {
    return ImageJob.of(model, function, results).shardSize(SHARD);
  }

  /** Embeds, but the third shard's first attempts fail. */
  private static ImageFunction failing(Path marks, int times) {
    String place = marks.toString();
    ImageFunction embedding = ImageFunction.embedding();
    ImageFunction failing =
        (encoder, pixels, first) -> {
          if (first == 2 * SHARD) {
            for (int i = 0; i < times; i++) {
              if (Path.of(place, "failure-" + i).toFile().mkdir()) {
                throw new IllegalStateException("power failure");
              }
            }
          }
          return embedding.apply(encoder, pixels, first);
        };
    return failing.named(embedding.identity());
  }

  private void assertEmbeddings() throws Exception {
    List<float[]> rows = rows("embedding");
    assertThat(rows).hasSize(IMAGES);
    for (int i = 0; i < IMAGES; i++) {
      assertThat(rows.get(i)).containsExactly(expected[i], within(1e-5f));
    }
  }

  /** All rows in the order of the images, each image once. */
  private List<float[]> rows(String name) throws Exception {
    List<float[]> rows = new ArrayList<>();
    List<String> names = new ArrayList<>();
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
      for (Path file : modified().keySet()) {
        ShardFile shard = ShardFile.read(file);
        names.addAll(shard.images());
        if (shard.images().isEmpty()) {
          continue;
        }
        var tensor = shard.tensors().get(name).read(manager);
        for (int i = 0; i < shard.images().size(); i++) {
          rows.add(tensor.get(i).toFloatArray());
        }
      }
    }
    assertThat(names)
        .containsExactlyElementsOf(
            images.subList(0, names.size()).stream().map(Path::toString).toList());
    return rows;
  }

  private Map<Path, FileTime> modified() throws IOException {
    Map<Path, FileTime> times = new LinkedHashMap<>();
    try (Stream<Path> files = Files.list(results)) {
      for (Path file :
          files
              .filter(path -> path.getFileName().toString().startsWith("shard-"))
              .sorted()
              .toList()) {
        times.put(file, Files.getLastModifiedTime(file));
      }
    }
    return times;
  }

  private static Path picture(int number) throws IOException {
    BufferedImage image = new BufferedImage(40, 36, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < 36; y++) {
      for (int x = 0; x < 40; x++) {
        image.setRGB(x, y, (x * 5 + number * 31) << 16 | (y * 7) << 8 | (x * y * (number + 1)));
      }
    }
    Path file = shared.resolve("picture-%02d.png".formatted(number));
    ImageIO.write(image, "png", file.toFile());
    return file;
  }
}
