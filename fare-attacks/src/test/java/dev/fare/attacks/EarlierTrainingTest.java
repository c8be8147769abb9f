package dev.fare.attacks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.Gson;
import dev.fare.Attack;
import dev.fare.ThreatModel;
import dev.fare.data.InMemoryImages;
import dev.fare.training.FareTrainer;
import dev.fare.training.StepResult;
import dev.fare.training.TrainingListener;
import dev.fare.training.optimizer.Optimizer;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A training against these attacks that an earlier version has begun ends as it would have. */
class EarlierTrainingTest {

  private static final int STEPS = 6;
  private static final int STOP = 3;

  /** Another processor rounds otherwise; another random draw moves weights by 1e-3 and more. */
  private static final float ROUNDING = 1e-5f;

  private static final InMemoryImages IMAGES =
      InMemoryImages.of(TinyMlp.pixels(7, 2), TinyMlp.SIDE);

  @TempDir private Path folder;

  /** A run with a name. */
  private record Run(String name, Attack attack) {
    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Run> runs() {
    ThreatModel linf = ThreatModel.linf(8 / 255.0);
    ThreatModel l2 = ThreatModel.l2(0.3);
    return Stream.of(
        new Run("pgd", PgdAttack.builder(linf).steps(3).seed(4).build()),
        new Run(
            "pgd-l2",
            PgdAttack.builder(l2).steps(2).restarts(2).momentum(0.5).keepBest(true).build()),
        new Run("apgd", ApgdAttack.builder(linf).steps(4).build()),
        new Run("square", SquareAttack.builder(l2).queries(5).build()));
  }

  private static float[] train(Run run, UnaryOperator<FareTrainer.Builder<?>> more, int until) {
    FareTrainer[] trainer = new FareTrainer[1];
    TrainingListener end =
        new TrainingListener() {
          @Override
          public void onStep(StepResult result) {
            if (result.step() == until) {
              trainer[0].cancel();
            }
          }
        };
    try (TinyMlp encoder = TinyMlp.seeded(1)) {
      trainer[0] =
          more.apply(
                  FareTrainer.builder(encoder)
                      .attack(run.attack())
                      .optimizer(Optimizer.sgd())
                      .learningRate(0.1)
                      .steps(STEPS)
                      .batchSize(3)
                      .microBatchSize(2)
                      .seed(9)
                      .listener(end))
              .build();
      try (FareTrainer running = trainer[0]) {
        running.fit(IMAGES);
      }
      return encoder.values();
    }
  }

  @ParameterizedTest
  @MethodSource("runs")
  void goesOnFromTheCheckpoint(Run run) throws Exception {
    String checkpoint = run.name() + "/step-00000000" + STOP;
    copy("/earlier/training/" + checkpoint, folder.resolve(checkpoint));

    float[] end = train(run, builder -> builder.checkpoints(folder.resolve(run.name())), STEPS);

    assertThat(end)
        .containsExactly(Objects.requireNonNull(recorded().get(run.name())), within(ROUNDING));
  }

  private static void copy(String resource, Path to) throws IOException, URISyntaxException {
    Files.createDirectories(to);
    Path from =
        Path.of(Objects.requireNonNull(EarlierTrainingTest.class.getResource(resource)).toURI());
    try (Stream<Path> files = Files.list(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(file.getFileName()));
      }
    }
  }

  private static Map<String, float[]> recorded() throws IOException {
    record Ends(Map<String, float[]> weights) {}
    try (InputStream in =
            Objects.requireNonNull(
                EarlierTrainingTest.class.getResourceAsStream("/earlier/training/ends.json"));
        InputStreamReader text = new InputStreamReader(in, StandardCharsets.UTF_8)) {
      return new Gson().fromJson(text, Ends.class).weights();
    }
  }

  /** Writes each run's checkpoint of its half, and how each ends that nothing has disturbed. */
  public static void main(String[] arguments) throws IOException {
    Path folder = Path.of(arguments[0]);
    Map<String, float[]> ends = new LinkedHashMap<>();
    for (Run run : runs().toList()) {
      Path directory = folder.resolve(run.name());
      train(run, builder -> builder.checkpoints(directory), STOP);
      Files.delete(directory.resolve("lock"));
      ends.put(run.name(), train(run, builder -> builder, STEPS));
    }
    Files.writeString(
        folder.resolve("ends.json"), new Gson().toJson(Map.of("weights", ends)) + "\n");
  }
}
