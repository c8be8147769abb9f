package dev.fare.training.validation;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.fare.data.ImageDataset;
import dev.fare.training.FareTrainer;
import dev.fare.training.ModelCard;
import dev.fare.training.RunImages;
import dev.fare.training.Runs;
import dev.fare.training.SignAttack;
import dev.fare.training.StepResult;
import dev.fare.training.TanhEncoder;
import dev.fare.training.TrainingListener;
import dev.fare.training.TrainingSummary;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ValidationTest {

  private static final SignAttack ATTACK = new SignAttack(8 / 255.0, 3, 0);

  @TempDir private Path directory;

  private final NDManager manager = NDManager.newBaseManager("PyTorch");
  private final TanhEncoder encoder = TanhEncoder.seeded(1);

  @AfterEach
  void close() {
    encoder.close();
    manager.close();
  }

  @Test
  void closenessIsOneForTheOriginalItselfAndFallsUnderAttack() {
    Map<String, Double> values =
        Validation.closeness(Runs.IMAGES, ATTACK).measure(encoder, encoder);

    assertThat(values).containsOnlyKeys("clean_cosine", "adversarial_cosine");
    assertThat(values.get("clean_cosine")).isCloseTo(1.0, within(1e-6));
    assertThat(values.get("adversarial_cosine")).isBetween(0.3, 0.9999);
  }

  @Test
  void measuresTheSameWithLoaderThreads() {
    Validation closeness = Validation.closeness(Runs.IMAGES, ATTACK);

    assertThat(closeness.within(new ValidationLimits(3, 32, 0)).measure(encoder, encoder))
        .isEqualTo(closeness.measure(encoder, encoder));
  }

  @Test
  void theTrainersLoaderThreadsReadForItsValidation() {
    Set<String> readers = ConcurrentHashMap.newKeySet();
    ImageDataset watched =
        new ImageDataset() {
          @Override
          public int size() {
            return 10;
          }

          @Override
          public void read(int index, int imageSize, FloatBuffer target) {
            readers.add(Thread.currentThread().getName());
            Runs.IMAGES.read(index, imageSize, target);
          }

          @Override
          public String description() {
            return "ten watched images";
          }
        };
    try (FareTrainer<?> trainer =
        Runs.builder(encoder)
            .loaderThreads(2)
            .validation(Validation.closeness(watched, ATTACK), 4)
            .build()) {
      trainer.fit(Runs.IMAGES);
    }
    assertThat(readers).isNotEmpty().allMatch(name -> name.startsWith("fare-images-"));
  }

  @Test
  void anInterruptedThreadValidatesBeforeItEnds() {
    TrainingListener interruption =
        new TrainingListener() {
          @Override
          public void onStep(StepResult result) {
            Thread.currentThread().interrupt();
          }
        };
    try (FareTrainer<?> trainer =
        Runs.builder(encoder)
            .loaderThreads(2)
            .validation(Validation.closeness(Runs.IMAGES, ATTACK), 1)
            .listener(interruption)
            .build()) {
      TrainingSummary summary = trainer.fit(Runs.IMAGES);

      assertThat(Thread.interrupted()).isTrue();
      assertThat(summary.lastStep()).isEqualTo(1);
      assertThat(summary.validation()).containsKey("adversarial_cosine");
    }
  }

  /** With each image's own embedding as its class, every clean answer is right. */
  @Test
  void accuracyCountsTheRightAnswers() {
    NDArray own = embeddings();
    Map<String, Double> values =
        Validation.accuracy(new Numbered(0), own, ATTACK).measure(encoder, encoder);
    assertThat(values.get("clean_accuracy")).isEqualTo(1.0);
    assertThat(values.get("robust_accuracy")).isBetween(0.0, 1.0);

    assertThat(Validation.accuracy(new Numbered(1), own, ATTACK).measure(encoder, encoder))
        .containsEntry("clean_accuracy", 0.0)
        .containsEntry("robust_accuracy", 0.0);
    assertThatThrownBy(() -> Validation.accuracy(Runs.IMAGES, own, ATTACK))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("accuracy needs labels");
  }

  private NDArray embeddings() {
    return encoder.embed(Runs.pixels(manager));
  }

  @Test
  void stopsEarlyWhenTheMetricNoLongerRises() {
    List<Long> heard = new ArrayList<>();
    TrainingListener listener =
        new TrainingListener() {
          @Override
          public void onValidation(long step, Map<String, Double> values) {
            heard.add(step);
          }
        };
    try (FareTrainer<?> trainer =
        Runs.builder(encoder)
            .steps(100)
            .validation(new Scripted(0), 2)
            .earlyStop(EarlyStop.whenNotRising("score", 3))
            .listener(listener)
            .build()) {
      TrainingSummary summary = trainer.fit(Runs.IMAGES);

      assertThat(summary.lastStep()).isEqualTo(10);
      assertThat(summary.isComplete()).isFalse();
      assertThat(summary.validation()).containsExactly(Map.entry("score", 0.3));
      assertThat(heard).containsExactly(2L, 4L, 6L, 8L, 10L);
    }
  }

  @Test
  void stopsEarlyAtTheSameStepAfterGoingOnFromACheckpoint() {
    try (TanhEncoder first = TanhEncoder.seeded(1)) {
      FareTrainer<?>[] trainer = new FareTrainer<?>[1];
      trainer[0] = stopping(first, 0).listener(new Runs.CancelAfter(6, trainer)).build();
      trainer[0].fit(Runs.IMAGES);
      trainer[0].close();
    }
    try (FareTrainer<?> trainer = stopping(encoder, 3).build()) {
      assertThat(trainer.fit(Runs.IMAGES).lastStep()).isEqualTo(10);
    }
  }

  private FareTrainer.Builder<?> stopping(TanhEncoder trained, int next) {
    return Runs.builder(trained, directory.resolve("run"))
        .steps(100)
        .validation(new Scripted(next), 2)
        .earlyStop(EarlyStop.whenNotRising("score", 3));
  }

  @Test
  void saysWhatEarlyStoppingMisses() {
    assertThatThrownBy(
            () -> Runs.builder(encoder).earlyStop(EarlyStop.whenNotRising("score", 1)).build())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("call validation(");
    try (FareTrainer<?> trainer =
        Runs.builder(encoder)
            .validation(new Scripted(0), 1)
            .earlyStop(EarlyStop.whenNotFalling("loss", 1))
            .build()) {
      assertThatThrownBy(() -> trainer.fit(Runs.IMAGES))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("early stopping watches loss, and the validation measures [score]");
    }
  }

  @Test
  void writesAModelCardWithFrontMatterAndTheSummaryBesideTheModel() throws Exception {
    TrainingSummary summary;
    try (FareTrainer<?> trainer =
        Runs.builder(encoder).validation(Validation.closeness(Runs.IMAGES, ATTACK), 4).build()) {
      summary = trainer.fit(Runs.IMAGES);
    }

    ModelCard.of("fare4-tiny", summary)
        .license("mit")
        .baseModel("openai/clip-vit-large-patch14")
        .threatModel("l∞, 4/255")
        .command("fare train images")
        .write(directory);

    String card = Files.readString(directory.resolve("README.md"), UTF_8);
    assertThat(card)
        .startsWith("---\nlicense: \"mit\"\nbase_model: \"openai/clip-vit-large-patch14\"\n")
        .contains("# fare4-tiny")
        .contains("| learningRate | 0.01 |")
        .contains("| clean_cosine | ")
        .contains("8 of 8 steps")
        .contains("| djl | " + Engine.getDjlVersion() + " |")
        .endsWith("```\nfare train images\n```\n");
    assertThat(Files.readString(directory.resolve("training.json"), UTF_8))
        .contains("\"lastStep\": 8")
        .contains("\"libtorch\": \"" + Engine.getEngine("PyTorch").getVersion() + "\"")
        .contains("\"seed\": \"5\"");
  }

  /** The images of the runs, each of a class of its own. */
  private record Numbered(int shift) implements RunImages {

    @Override
    public OptionalInt label(int index) {
      return OptionalInt.of((index + shift) % 10);
    }

    @Override
    public String description() {
      return "ten images of ten classes";
    }
  }
}
