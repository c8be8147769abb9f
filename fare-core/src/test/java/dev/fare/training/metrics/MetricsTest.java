package dev.fare.training.metrics;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.fare.Precision;
import dev.fare.training.DivergencePolicy;
import dev.fare.training.StepResult;
import dev.fare.training.StepResult.Timings;
import dev.fare.training.TrainingListener;
import dev.fare.training.TrainingSettings;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetricsTest {

  private static final double WALL_TIME = 1_700_000_000.5;
  private static final TrainingSettings SETTINGS =
      new TrainingSettings(
          "fare",
          "pgd",
          "l2",
          "adamw",
          "cosine",
          1e-5,
          1e-4,
          10,
          4,
          4,
          1,
          0,
          0,
          4,
          0,
          1,
          false,
          Precision.FLOAT32,
          4,
          "none",
          DivergencePolicy.STOP,
          1,
          "none",
          "none");

  @TempDir private Path directory;

  private static StepResult result(long step, double loss, OptionalDouble cleanCosine) {
    Duration half = Duration.ofMillis(500);
    Timings timings = new Timings(Duration.ZERO, half, half, Duration.ZERO, Duration.ofSeconds(1));
    return new StepResult(step, loss, 0.75, cleanCosine, 1e-5, 2.5, 16, false, timings);
  }

  @Test
  void writesAJsonObjectALine() throws Exception {
    Path file = directory.resolve("runs/metrics.jsonl");
    TrainingListener listener = new JsonLinesMetrics(file);

    listener.onStart(SETTINGS, 0);
    listener.onStep(result(1, 0.5, OptionalDouble.of(0.875)));
    listener.onStep(result(2, Double.NaN, OptionalDouble.empty()));

    List<String> lines = Files.readAllLines(file, UTF_8);
    assertThat(lines).hasSize(2);
    JsonObject first = JsonParser.parseString(lines.get(0)).getAsJsonObject();
    assertThat(first.keySet())
        .containsExactly(
            "step",
            "loss",
            "adversarial_cosine",
            "clean_cosine",
            "learning_rate",
            "gradient_norm",
            "images_per_second",
            "skipped");
    assertThat(first.get("images_per_second").getAsDouble()).isEqualTo(8);
    assertThat(lines.get(1)).contains("\"loss\":\"NaN\"").doesNotContain("clean_cosine");
  }

  @Test
  void replacesTheLinesBehindTheCheckpointThatARunGoesOnFrom() throws Exception {
    Path json = directory.resolve("metrics.jsonl");
    Path csv = directory.resolve("metrics.csv");
    for (TrainingListener listener : List.of(new JsonLinesMetrics(json), new CsvMetrics(csv))) {
      listener.onStart(SETTINGS, 0);
      for (int step = 1; step <= 5; step++) {
        listener.onStep(result(step, step, OptionalDouble.empty()));
      }
    }
    cutOffLastLine(json);
    cutOffLastLine(csv);

    for (TrainingListener listener : List.of(new JsonLinesMetrics(json), new CsvMetrics(csv))) {
      listener.onStart(SETTINGS, 3);
      listener.onStep(result(4, 40, OptionalDouble.empty()));
    }

    assertThat(Files.readAllLines(json, UTF_8)).hasSize(4);
    assertThat(Files.readAllLines(csv, UTF_8))
        .containsExactly(
            "step,loss,adversarial_cosine,clean_cosine,learning_rate,gradient_norm,"
                + "images_per_second,skipped",
            "1,1.0,0.75,,1.0E-5,2.5,8.0,0.0",
            "2,2.0,0.75,,1.0E-5,2.5,8.0,0.0",
            "3,3.0,0.75,,1.0E-5,2.5,8.0,0.0",
            "4,40.0,0.75,,1.0E-5,2.5,8.0,0.0");
  }

  private static void cutOffLastLine(Path file) throws IOException {
    String text = Files.readString(file, UTF_8);
    Files.writeString(file, text.substring(0, text.length() - 9), UTF_8);
  }

  @Test
  void aValidationStandsInTheRowOfItsStep() throws Exception {
    Path json = directory.resolve("metrics.jsonl");
    Path csv = directory.resolve("metrics.csv");
    Map<String, Double> first = new LinkedHashMap<>();
    first.put("clean_accuracy", 0.75);
    first.put("robust_accuracy", Double.NaN);
    for (TrainingListener listener : List.of(new JsonLinesMetrics(json), new CsvMetrics(csv))) {
      listener.onStart(SETTINGS, 0);
      listener.onStep(result(1, 1, OptionalDouble.empty()));
      listener.onStep(result(2, 2, OptionalDouble.empty()));
      listener.onValidation(2, first);
      listener.onStep(result(3, 3, OptionalDouble.empty()));
      listener.onStep(result(4, 4, OptionalDouble.empty()));
      listener.onValidation(4, Map.of("clean_accuracy", 0.5));
      listener.onClose();
      listener.onClose();
    }
    String header =
        "step,loss,adversarial_cosine,clean_cosine,learning_rate,gradient_norm,"
            + "images_per_second,skipped,validation_clean_accuracy,validation_robust_accuracy";
    assertThat(Files.readAllLines(csv, UTF_8))
        .containsExactly(
            header,
            "1,1.0,0.75,,1.0E-5,2.5,8.0,0.0,,",
            "2,2.0,0.75,,1.0E-5,2.5,8.0,0.0,0.75,NaN",
            "3,3.0,0.75,,1.0E-5,2.5,8.0,0.0,,",
            "4,4.0,0.75,,1.0E-5,2.5,8.0,0.0,0.5,");
    List<String> lines = Files.readAllLines(json, UTF_8);
    assertThat(lines).hasSize(4);
    assertThat(lines.get(1))
        .endsWith("\"validation\":{\"clean_accuracy\":0.75,\"robust_accuracy\":\"NaN\"}}");
    assertThat(lines.get(3)).endsWith("\"validation\":{\"clean_accuracy\":0.5}}");
    assertThat(lines.get(0) + lines.get(2)).doesNotContain("validation");

    CsvMetrics again = new CsvMetrics(csv);
    again.onStart(SETTINGS, 3);
    again.onStep(result(4, 40, OptionalDouble.empty()));
    again.onValidation(4, Map.of("own, name", 1.0));
    assertThat(Files.readAllLines(csv, UTF_8))
        .contains(header + ",validation_own__name", "1,1.0,0.75,,1.0E-5,2.5,8.0,0.0,,,")
        .endsWith("4,40.0,0.75,,1.0E-5,2.5,8.0,0.0,,,1.0")
        .hasSize(5);
  }

  @Test
  void anInterruptedThreadWritesItsValidation() throws Exception {
    Path csv = directory.resolve("metrics.csv");
    CsvMetrics listener = new CsvMetrics(csv);
    Thread.currentThread().interrupt();
    listener.onStart(SETTINGS, 0);
    listener.onStep(result(1, 1, OptionalDouble.empty()));
    listener.onValidation(1, Map.of("score", 0.5));
    listener.onClose();

    assertThat(Thread.interrupted()).isTrue();
    assertThat(Files.readAllLines(csv, UTF_8)).hasSize(2).last().asString().endsWith(",0.0,0.5");
  }

  @Test
  void anEmptyTableGetsItsHeaderAndAForeignLineOfJsonIsLeftOut() throws Exception {
    Path csv = Files.createFile(directory.resolve("metrics.csv"));
    CsvMetrics table = new CsvMetrics(csv);
    table.onStart(SETTINGS, 0);
    table.onStep(result(1, 1, OptionalDouble.empty()));
    assertThat(Files.readAllLines(csv, UTF_8))
        .hasSize(2)
        .first()
        .asString()
        .startsWith("step,loss");

    Path json = directory.resolve("metrics.jsonl");
    Files.writeString(
        json, "{\"step\":1}\n{\"step\":\"one\"}\n{\"step\":[]}\n{\"step\":{}}\n7\n{\"step\":2}");
    JsonLinesMetrics lines = new JsonLinesMetrics(json);
    lines.onStart(SETTINGS, 2);
    lines.onStep(result(3, 1, OptionalDouble.empty()));
    assertThat(Files.readAllLines(json, UTF_8))
        .hasSize(3)
        .startsWith("{\"step\":1}", "{\"step\":2}");
  }

  @Test
  void tensorBoardHasValidationsUnderATagOfTheirOwn() throws Exception {
    Clock clock = Clock.fixed(Instant.ofEpochMilli(1_700_000_000_500L), ZoneOffset.UTC);
    TensorBoardMetrics listener = new TensorBoardMetrics(directory, clock);
    listener.onStart(SETTINGS, 0);
    listener.onValidation(5, Map.of("clean_cosine", 0.5));
    listener.onClose();

    try (Stream<Path> files = Files.list(directory)) {
      assertThat(hex(Files.readAllBytes(files.findFirst().orElseThrow())))
          .endsWith(
              hex(TensorBoardEvent.scalars(WALL_TIME, 5, Map.of("validation/clean_cosine", 0.5))));
    }
  }

  @Test
  void showsHowFarARunIs() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    long[] seconds = {100};
    ProgressBar bar =
        new ProgressBar(new PrintStream(bytes, true, UTF_8), () -> seconds[0] * 1_000_000_000L);
    bar.onStart(SETTINGS, 2); // of ten steps
    bar.onStep(result(3, 0.5, OptionalDouble.empty())); // too early to draw
    seconds[0] += 700;
    bar.onStep(result(4, 0.25, OptionalDouble.empty()));
    bar.onValidation(4, Map.of("clean_cosine", 0.98765));
    bar.onClose();
    seconds[0] += 100;
    bar.onStep(result(10, 0.125, OptionalDouble.empty()));
    bar.onClose();
    bar.onClose();

    String first = "[========>           ]  4/10  loss 0.2500  cosine 0.750  0.0 images/s";
    String left = "  0:35:00 left"; // two steps took 700 s, and there are six
    String validation = "step 4: clean_cosine 0.9877";
    String line = System.lineSeparator();
    assertThat(bytes.toString(UTF_8))
        .isEqualTo(
            "\r"
                + first
                + left
                + "\r"
                + validation
                + " ".repeat((first + left).length() - validation.length())
                + line
                + "\r[====================]  10/10  loss 0.1250  cosine 0.750  0.2 images/s"
                + line);
  }

  /** The expected bytes were computed by another program from the format's description. */
  @Test
  void writesTensorBoardsRecordsByteByByte() {
    Map<String, Double> values = new LinkedHashMap<>();
    values.put("loss", 0.25);
    values.put("learning_rate", 1e-5);

    assertThat(hex(TensorBoardEvent.fileVersion(WALL_TIME)))
        .isEqualTo(
            "1a00000000000000129bd82d0900002040fc54d94110001a0d627261696e2e4576656e743a32bf8a691d");
    assertThat(hex(TensorBoardEvent.sessionStart(WALL_TIME, 301)))
        .isEqualTo("100000000000000095fbfe180900002040fc54d94110ad023a020801596f3f79");
    assertThat(hex(TensorBoardEvent.scalars(WALL_TIME, 300, values)))
        .isEqualTo(
            "31000000000000009d8383e90900002040fc54d94110ac022a230a0b0a046c6f7373150000803e0a14"
                + "0a0d6c6561726e696e675f7261746515acc5273787d0cf58");
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }

  @Test
  void startsAnEventFileOfItsOwnForEveryRun() throws Exception {
    Clock clock = Clock.fixed(Instant.ofEpochMilli(1_700_000_000_500L), ZoneOffset.UTC);
    StepResult step = result(1, 0.5, OptionalDouble.empty());
    for (long firstStep : new long[] {0, 1}) {
      TensorBoardMetrics listener = new TensorBoardMetrics(directory, clock);
      listener.onStart(SETTINGS, firstStep);
      listener.onStep(step);
    }

    try (Stream<Path> files = Files.list(directory)) {
      List<Path> sorted = files.sorted().toList();
      assertThat(sorted)
          .extracting(file -> file.getFileName().toString())
          .containsExactly(
              "events.out.tfevents.1700000000.fare.0", "events.out.tfevents.1700000000.fare.1");
      String version = hex(TensorBoardEvent.fileVersion(WALL_TIME));
      String values = hex(TensorBoardEvent.scalars(WALL_TIME, 1, step.metrics()));
      String restart = hex(TensorBoardEvent.sessionStart(WALL_TIME, 2));
      assertThat(hex(Files.readAllBytes(sorted.get(0)))).isEqualTo(version + values);
      assertThat(hex(Files.readAllBytes(sorted.get(1)))).isEqualTo(version + restart + values);
    }
  }
}
