package dev.fare.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import com.google.common.io.MoreFiles;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.fare.Attack;
import dev.fare.AttackResult;
import dev.fare.Objective;
import dev.fare.Precision;
import dev.fare.data.UnreadableImages;
import dev.fare.image.UnreadableImageException;
import dev.fare.training.checkpoint.Checkpoint;
import dev.fare.training.checkpoint.SettingText;
import dev.fare.training.loss.EmbeddingLoss;
import dev.fare.training.loss.LossInputs;
import dev.fare.training.loss.Targets;
import dev.fare.training.loss.TrainingLoss;
import dev.fare.training.optimizer.LearningRateSchedule;
import dev.fare.training.optimizer.Optimizer;
import dev.fare.training.validation.EarlyStop;
import dev.fare.training.validation.Validation;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a run that goes on must have in common with the one that it was, and what it then says. */
class ResumeTest {

  @TempDir private Path temporary;

  private Path directory;

  private final TanhEncoder encoder = TanhEncoder.seeded(1);

  @BeforeEach
  void chooseDirectory() {
    directory = temporary.resolve("run");
  }

  @AfterEach
  void close() {
    encoder.close();
  }

  /** Ten images, two of which can't be read. */
  private record Corrupt() implements RunImages {

    @Override
    public void read(int index, int imageSize, FloatBuffer target) throws IOException {
      if (index < 2) {
        throw new UnreadableImageException(index + ".jpg", "broken", null);
      }
      Runs.IMAGES.read(index, imageSize, target);
    }
  }

  /** A run to which all happens that a summary tells of, in its first four steps. */
  private static FareTrainer.Builder<?> eventful(TrainableEncoder trained, boolean fromTheStart) {
    Poisoned loss = Poisoned.at(fromTheStart ? 5 : -1);
    return Runs.builder(trained)
        .loss(loss)
        .divergencePolicy(DivergencePolicy.SKIP)
        .unreadableFraction(0.2)
        .validation(Validation.closeness(Runs.IMAGES, new SignAttack(8 / 255.0, 2, 0)), 4)
        .earlyStop(EarlyStop.whenNotRising("adversarial_cosine", 9))
        .checkpointEvery(2);
  }

  private static TrainingSummary undisturbed(Path directory, List<float[][]> results) {
    try (TanhEncoder whole = TanhEncoder.seeded(1);
        FareTrainer<?> trainer =
            eventful(new WrappedEncoder(whole).outOfMemoryAfter(3), true)
                .checkpoints(directory)
                .build()) {
      TrainingSummary summary = trainer.fit(new Corrupt());
      results.add(new float[][] {whole.values()});
      return summary;
    }
  }

  /** Cancelled, it goes on from step 5; killed there, from the checkpoint of step 4. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aResumedRunsSummaryIsTheUndisturbedOnes(boolean killed) {
    List<float[][]> results = new ArrayList<>();
    TrainingSummary expected = undisturbed(temporary.resolve("whole"), results);
    assertThat(expected.warnings())
        .hasSize(3)
        .anyMatch(each -> each.startsWith("out of memory with 3 images"))
        .anyMatch(each -> each.startsWith("step 3 is left out"))
        .anyMatch(each -> each.startsWith("2 images could not be read"));
    assertThat(expected.validation()).isNotEmpty();

    try (TanhEncoder first = TanhEncoder.seeded(1)) {
      FareTrainer<?>[] trainer = new FareTrainer<?>[1];
      TrainingListener end =
          new TrainingListener() {
            @Override
            public void onStep(StepResult result) {
              if (result.step() == 5 && killed) {
                throw new IllegalStateException("killed");
              } else if (result.step() == 5) {
                trainer[0].cancel();
              }
            }
          };
      trainer[0] =
          eventful(new WrappedEncoder(first).outOfMemoryAfter(3), true)
              .checkpoints(directory)
              .listener(end)
              .build();
      try {
        trainer[0].fit(new Corrupt());
      } catch (IllegalStateException e) {
        assertThat(e).hasMessage("killed");
      }
      trainer[0].close();
    }
    try (FareTrainer<?> trainer =
        eventful(new WrappedEncoder(encoder), false).checkpoints(directory).build()) {
      TrainingSummary summary = trainer.fit(new Corrupt());

      assertThat(summary.firstStep()).isEqualTo(killed ? 4 : 5);
      assertSame(summary, expected);
      assertThat(encoder.values()).containsExactly(results.get(0)[0]);
    }
  }

  private static void assertSame(TrainingSummary summary, TrainingSummary expected) {
    assertThat(summary)
        .usingRecursiveComparison()
        .ignoringFields("firstStep", "duration")
        .isEqualTo(expected);
    assertThat(summary.duration()).isPositive();
  }

  /** Killed behind the last checkpoint, before the encoder was saved. */
  @Test
  void aRestartThatHasNothingLeftToDoGivesTheWholeSummary() {
    List<float[][]> results = new ArrayList<>();
    TrainingSummary expected = undisturbed(directory, results);

    try (FareTrainer<?> trainer =
        eventful(new WrappedEncoder(encoder), false).checkpoints(directory).build()) {
      TrainingSummary summary = trainer.fit(new Corrupt());

      assertThat(summary.firstStep()).isEqualTo(8);
      assertSame(summary, expected);
      assertThat(summary.finalLoss()).isPositive();
      assertThat(summary.duration()).isGreaterThan(expected.duration().dividedBy(2));
      assertThat(encoder.values()).containsExactly(results.get(0)[0]);
    }
  }

  @Test
  void theFractionOfUnreadableImagesIsOfTheWholeRun() {
    UnreadableImages found = new UnreadableImages(Runs.IMAGES, 0.2);
    found.restore(List.of(3, 1));
    found.add(3, new IOException("broken"));

    assertThat(found.indices()).containsExactly(1, 3);
    assertThatThrownBy(() -> found.add(4, new IOException("broken")))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining("3 of 10 images can't be read");
  }

  /** Ten in a row are one too many, whether or not the run was stopped between them. */
  @Test
  void updatesLeftOutInARowAreCountedOverARestart() {
    TrainingLoss broken =
        new TrainingLoss() {
          @Override
          public NDArray losses(LossInputs inputs) {
            return inputs.adversarial().sum(new int[] {1}).mul(Float.NaN);
          }

          @Override
          public String toString() {
            return "broken";
          }
        };
    Supplier<FareTrainer.Builder<?>> builder =
        () ->
            Runs.builder(encoder, directory)
                .loss(broken)
                .steps(50)
                .divergencePolicy(DivergencePolicy.SKIP);
    FareTrainer<?>[] trainer = new FareTrainer<?>[1];
    trainer[0] = builder.get().listener(new Runs.CancelAfter(6, trainer)).build();
    trainer[0].fit(Runs.IMAGES);
    trainer[0].close();

    try (FareTrainer<?> again = builder.get().build()) {
      assertThatThrownBy(() -> again.fit(Runs.IMAGES))
          .isInstanceOf(TrainingDivergedException.class)
          .hasMessageStartingWith("step 10 went wrong");
    }
    // its last good weights are in a checkpoint, and other settings are another chance
    try (FareTrainer<?> again =
        builder.get().loss(TrainingLoss.fare()).steps(12).allowChangedSettings(true).build()) {
      assertThat(again.step()).isEqualTo(9);
      assertThat(again.fit(Runs.IMAGES).isComplete()).isTrue();
    }
  }

  /** The directory was written by the version before the summary's part was in checkpoints. */
  @Test
  void goesOnFromACheckpointOfAnEarlierVersion() throws Exception {
    Path earlier =
        Path.of(Objects.requireNonNull(ResumeTest.class.getResource("earlier-checkpoint")).toURI());
    copy(earlier.resolve("step-000000004"), directory.resolve("step-000000004"));

    try (FareTrainer<?> trainer = Runs.builder(encoder, directory).build()) {
      assertThat(trainer.step()).isEqualTo(4);
      TrainingSummary summary = trainer.fit(Runs.IMAGES);

      assertThat(summary.isComplete()).isTrue();
      float[][] expected = Runs.undisturbed();
      float[][] results = Runs.results(encoder, trainer);
      for (int i = 0; i < expected.length; i++) {
        assertThat(results[i]).containsExactly(expected[i], within(1e-4f));
      }
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    Files.createDirectories(to);
    try (Stream<Path> files = Files.list(from)) {
      for (Path file : files.toList()) {
        MoreFiles.asByteSource(file).copyTo(MoreFiles.asByteSink(to.resolve(file.getFileName())));
      }
    }
  }

  private void trainTo(long step, FareTrainer.Builder<?> builder) {
    FareTrainer<?>[] trainer = new FareTrainer<?>[1];
    trainer[0] = builder.listener(new Runs.CancelAfter(step, trainer)).build();
    trainer[0].fit(Runs.IMAGES);
    trainer[0].close();
  }

  @Test
  void refusesAnotherPrecisionUnlessChangedSettingsAreAllowed() {
    try (TanhEncoder first = TanhEncoder.seeded(1)) {
      trainTo(
          2,
          Runs.builder(new WrappedEncoder(first, Precision.BFLOAT16))
              .checkpoints(directory)
              .learningRate(0.5));
    }
    FareTrainer.Builder<?> builder = Runs.builder(encoder, directory);

    assertThatThrownBy(builder::build)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageStartingWith("the checkpoints in " + directory + " are another run's: ")
        .hasMessageContaining("learningRate was 0.5 there and is 0.01 here")
        .hasMessageContaining("precision was BFLOAT16 there and is FLOAT32 here")
        .hasMessageContaining("allowChangedSettings(true)");
    TrainingSummary summary;
    try (FareTrainer<?> trainer = builder.allowChangedSettings(true).build()) {
      summary = trainer.fit(Runs.IMAGES);
    }
    assertThat(summary.warnings())
        .containsExactly(
            "learningRate was 0.5 up to step 2 and is 0.01 since",
            "precision was BFLOAT16 up to step 2 and is FLOAT32 since");
    // it is now this run, which remembers what it was
    try (TanhEncoder again = TanhEncoder.seeded(1);
        FareTrainer<?> trainer = Runs.builder(again, directory).build()) {
      assertThat(trainer.fit(Runs.IMAGES).warnings()).isEqualTo(summary.warnings());
    }
  }

  @Test
  void refusesAReplicaOfAnotherPrecision() {
    try (TanhEncoder other = TanhEncoder.seeded(1)) {
      FareTrainer.Builder<?> builder =
          Runs.builder(encoder).replicas(List.of(new WrappedEncoder(other, Precision.BFLOAT16)));
      assertThatThrownBy(builder::build)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("FLOAT32 and 4, got BFLOAT16 and 4");
    }
  }

  /** As many weights as before, but others; not even on purpose, and no weight is touched. */
  @Test
  void refusesOtherFrozenWeightsBeforeAnyWeightIsChanged() {
    try (TanhEncoder first = TanhEncoder.seeded(1)) {
      trainTo(2, Runs.builder(first, directory).freeze(name -> name.startsWith("first.")));
    }
    float[] before = encoder.values();
    FareTrainer.Builder<?> builder =
        Runs.builder(encoder, directory).freeze(name -> name.startsWith("second."));

    for (int i = 0; i < 2; i++) {
      assertThatThrownBy(builder::build)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("other weights are frozen");
      assertThat(encoder.values()).containsExactly(before);
      builder.allowChangedSettings(true);
    }
  }

  @Test
  void looksAtAllNamesBeforeAnyArrayIsOverwritten() {
    trainTo(2, Runs.builder(encoder, directory));
    Checkpoint checkpoint = new Checkpoint(directory.resolve("step-000000002"), 2);
    try (TanhEncoder other = TanhEncoder.seeded(2)) {
      float[] before = other.values();
      Map<String, Map<String, NDArray>> wrong =
          new LinkedHashMap<>(Map.of("weights", other.parameters()));
      wrong.put("optimizer", Map.of("mean.other", other.weight("first.bias")));

      assertThatThrownBy(() -> checkpoint.readInto(wrong))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("optimizer.safetensors holds other tensors");
      assertThat(other.values()).containsExactly(before);
    }
  }

  /** At a constant rate the first eight of twelve steps are those of a run of eight. */
  @Test
  void moreStepsOnPurposeEndLikeALongerRun() {
    try (TanhEncoder first = TanhEncoder.seeded(1);
        FareTrainer<?> trainer =
            Runs.builder(first, directory).schedule(LearningRateSchedule.constant()).build()) {
      trainer.fit(Runs.IMAGES);
    }
    try (TanhEncoder whole = TanhEncoder.seeded(1);
        FareTrainer<?> longer =
            Runs.builder(whole).schedule(LearningRateSchedule.constant()).steps(12).build();
        FareTrainer<?> trainer =
            Runs.builder(encoder, directory)
                .schedule(LearningRateSchedule.constant())
                .steps(12)
                .allowChangedSettings(true)
                .build()) {
      longer.fit(Runs.IMAGES);
      TrainingSummary summary = trainer.fit(Runs.IMAGES);

      assertThat(summary.warnings()).containsExactly("steps was 8 up to step 8 and is 12 since");
      assertThat(summary.images()).isEqualTo(48);
      assertThat(Runs.results(encoder, trainer)).isDeepEqualTo(Runs.results(whole, longer));
    }
  }

  /** What the checkpoint does not have starts as in a new run: here from its weights. */
  @Test
  void anotherOptimizerAndANewAverageStartFromTheCheckpointsWeights() {
    try (TanhEncoder first = TanhEncoder.seeded(1);
        FareTrainer<?> trainer = plain(first).checkpoints(directory).build()) {
      trainer.fit(Runs.IMAGES);
    }
    try (FareTrainer<?> trainer =
        plain(encoder)
            .checkpoints(directory)
            .optimizer(Optimizer.sgd())
            .averageDecay(0.9)
            .allowChangedSettings(true)
            .build()) {
      float[] weights = encoder.values();
      assertThat(weights).isNotEqualTo(TanhEncoder.seeded(1).values());
      assertThat(Runs.results(encoder, trainer)[1]).containsExactly(weights);
      assertThat(trainer.fit(Runs.IMAGES).warnings())
          .contains(
              "the average of the weights starts after step 8",
              "the optimizer starts anew after step 8")
          .anyMatch(each -> each.startsWith("optimizer was AdamW["))
          .anyMatch(each -> each.equals("averageDecay was 0.0 up to step 8 and is 0.9 since"));
    }
  }

  private static FareTrainer.Builder<?> plain(TanhEncoder trained) {
    return FareTrainer.builder(trained)
        .attack(new SignAttack(8 / 255.0, 2, 0))
        .steps(Runs.STEPS)
        .batchSize(4);
  }

  /** What watches over a run may change without being asked for; it is said all the same. */
  @Test
  void saysWhenWhatWatchesOverTheRunHasChanged() {
    try (TanhEncoder first = TanhEncoder.seeded(1)) {
      trainTo(2, Runs.builder(first, directory));
    }
    try (FareTrainer<?> trainer =
        Runs.builder(encoder, directory)
            .divergencePolicy(DivergencePolicy.SKIP)
            .lossLimit(100)
            .validation((now, before) -> Map.of("score", 1.0), 3)
            .build()) {
      assertThat(trainer.fit(Runs.IMAGES).warnings())
          .containsExactly(
              "divergencePolicy was STOP up to step 2 and is SKIP since",
              "lossLimit was Infinity up to step 2 and is 100.0 since",
              "validation was none up to step 2 and is ResumeTest every 3 steps since");
      assertThat(Runs.results(encoder, trainer)).isDeepEqualTo(Runs.undisturbed());
    }
  }

  /** A loss without a text of its own. */
  private static final class Own implements EmbeddingLoss {
    @Override
    public NDArray losses(NDArray embeddings, Targets targets) {
      return EmbeddingLoss.squaredDistance().losses(embeddings, targets);
    }
  }

  /** An attack without a text of its own. */
  private static final class OwnAttack implements Attack {
    @Override
    public AttackResult perturb(Objective objective, NDArray pixels) {
      return perturb(objective, pixels, pixels);
    }

    @Override
    public AttackResult perturb(Objective objective, NDArray pixels, NDArray start) {
      return new SignAttack(8 / 255.0, 1, 0).perturb(objective, pixels, start);
    }
  }

  private record Around(Attack attack) {}

  static Stream<Supplier<Object>> withoutATextOfTheirOwn() {
    return Stream.of(
        Own::new,
        OwnAttack::new,
        () -> TrainingLoss.of(new Own()),
        () -> TrainingLoss.trades(new Own()),
        () -> TrainingLoss.fare().withClean(new Own(), 0.5),
        () -> TrainingLoss.of(new Own()).withTokens(new Own(), 1),
        () -> new Around(new OwnAttack()),
        () -> TrainingLoss.of(lambda(1)),
        () -> lambda(1));
  }

  /** An instance of its own each time. */
  private static EmbeddingLoss lambda(float factor) {
    return (embeddings, targets) ->
        EmbeddingLoss.squaredDistance().losses(embeddings, targets).mul(factor);
  }

  @ParameterizedTest
  @MethodSource("withoutATextOfTheirOwn")
  void describesTwoInstancesInTheSameWords(Supplier<Object> supplier) {
    Object one = supplier.get();
    Object two = supplier.get();
    assertThat(one.toString()).isNotEqualTo(two.toString());

    assertThat(SettingText.of(one))
        .isEqualTo(SettingText.of(two))
        .containsAnyOf("Own", "ResumeTest")
        .doesNotContain("@", "Lambda", "0x");
  }

  @Test
  void leavesTextsThatOnlyLookLikeAnIdentity() {
    record Named(String model) {}
    String text = "Named[model=chs20/fare4-clip@0123456789abcdef0123456789abcdef01234567]";

    assertThat(SettingText.of(new Named(text.substring(12, text.length() - 1)))).isEqualTo(text);
  }

  @Test
  void goesOnWithALossOfItsOwn() {
    try (TanhEncoder first = TanhEncoder.seeded(1)) {
      trainTo(2, Runs.builder(first, directory).loss(TrainingLoss.of(new Own())));
    }
    try (FareTrainer<?> trainer =
        Runs.builder(encoder, directory).loss(TrainingLoss.of(new Own())).build()) {
      assertThat(trainer.step()).isEqualTo(2);
    }
  }

  @Test
  void theSummaryNamesTheOriginalAndTheMachine() {
    String original = WeightsFingerprint.of(encoder.parameters());
    try (FareTrainer<?> trainer = Runs.builder(encoder).build()) {
      TrainingSummary summary = trainer.fit(Runs.IMAGES);

      assertThat(summary.original()).isEqualTo(original).hasSize(64);
      assertThat(summary.environment()).containsEntry("devices", encoder.device().toString());
      assertThat(Integer.parseInt(summary.environment().get("cpuThreads"))).isPositive();
      JsonObject json = JsonParser.parseString(summary.toJson()).getAsJsonObject();
      assertThat(json.get("original").getAsString()).isEqualTo(original);
      assertThat(json.getAsJsonObject("environment").keySet())
          .containsExactly("devices", "cpuThreads");
      assertThat(json.getAsJsonObject("settings").keySet())
          .contains("precision", "imageSize", "frozenNames", "divergencePolicy", "lossLimit")
          .contains("validation", "earlyStop");
    }
  }

  /** It is said whenever a trainer is built, and of a run that went on only once. */
  @Test
  void repeatsNoWarningThatTheCheckpointRemembers() {
    try (TanhEncoder first = TanhEncoder.seeded(1)) {
      trainTo(2, Runs.builder(first, directory).attack(new OwnAttack()));
    }
    try (FareTrainer<?> trainer =
        Runs.builder(encoder, directory).attack(new OwnAttack()).build()) {
      assertThat(trainer.fit(Runs.IMAGES).warnings())
          .singleElement()
          .asString()
          .startsWith("the attack OwnAttack is no SeededAttack");
    }
  }
}
