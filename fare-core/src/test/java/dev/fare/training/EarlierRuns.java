package dev.fare.training;

import ai.djl.ndarray.types.Shape;
import com.google.gson.Gson;
import dev.fare.data.ImageDataset;
import dev.fare.data.ImageSubset;
import dev.fare.data.InMemoryImages;
import dev.fare.data.InMemoryPictures;
import dev.fare.image.Augmentation;
import dev.fare.image.PixelImage;
import dev.fare.training.loss.EmbeddingLoss;
import dev.fare.training.loss.TrainingLoss;
import dev.fare.training.optimizer.LearningRateSchedule;
import dev.fare.training.optimizer.Optimizer;
import dev.fare.training.validation.EarlyStop;
import dev.fare.training.validation.Validation;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Runs whose checkpoints and ends an earlier version has left in {@code earlier/}. Every choice of
 * loss, optimizer, schedule and data is in one of them, since a checkpoint holds their names.
 */
final class EarlierRuns {

  static final int STOP = 4;

  private static final List<String> CLASSES = List.of("a", "b", "c");
  private static final int[] LABELS = {0, 1, 2, 0, 1, 2, 0, 1, 2, 0};
  private static final InMemoryImages LABELLED = Runs.IMAGES.labels(LABELS, CLASSES);

  private EarlierRuns() {}

  /**
   * A run.
   *
   * @param options what it adds to {@link Runs#builder(TrainableEncoder)}
   */
  record Run(String name, ImageDataset data, boolean keepsReferences, Options options) {

    FareTrainer.Builder<?> builder(TanhEncoder encoder, Path references) {
      FareTrainer.Builder<?> builder = options.of(encoder, Runs.builder(encoder));
      return keepsReferences ? builder.referenceCache(references) : builder;
    }

    @Override
    public String toString() {
      return name;
    }
  }

  /** Adds options to a run. */
  interface Options {
    FareTrainer.Builder<?> of(TanhEncoder encoder, FareTrainer.Builder<?> builder);
  }

  /**
   * What came of a run.
   *
   * @param losses of the steps behind {@link #STOP}
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared as a whole
  record End(
      float[] weights,
      float[] averages,
      double[] losses,
      Map<String, Double> validation,
      double finalLoss,
      List<String> warnings) {}

  static Stream<Run> all() {
    return Stream.of(
        new Run("adamw", Runs.IMAGES, false, EarlierRuns::validated),
        new Run("sgd", LABELLED, false, EarlierRuns::sgd),
        new Run("tecoa", pictures(), false, EarlierRuns::supervised),
        new Run(
            "sim-clip",
            ImageSubset.split(LABELLED, 0.3, 11).first(),
            false,
            (encoder, builder) ->
                builder
                    .loss(TrainingLoss.simClip())
                    .withoutAttack()
                    .schedule(LearningRateSchedule.constant())),
        new Run(
            "references",
            Runs.IMAGES,
            true,
            (encoder, builder) ->
                builder
                    .loss(TrainingLoss.of(EmbeddingLoss.absoluteDistance()))
                    .innerObjective(EmbeddingLoss.cosineDistance())));
  }

  private static FareTrainer.Builder<?> validated(
      TanhEncoder encoder, FareTrainer.Builder<?> builder) {
    return builder
        .validation(Validation.closeness(Runs.IMAGES, new SignAttack(8 / 255.0, 2, 0)), 2)
        .earlyStop(EarlyStop.whenNotRising("adversarial_cosine", 9).restoreBest(true));
  }

  private static FareTrainer.Builder<?> sgd(TanhEncoder encoder, FareTrainer.Builder<?> builder) {
    return builder
        .optimizer(Optimizer.sgd())
        .learningRate(0.05)
        .weightDecay(1e-3)
        .gradientClip(0.5)
        .schedule(LearningRateSchedule.constant(2))
        .divergencePolicy(DivergencePolicy.SKIP)
        .lossLimit(1e6)
        .freeze(name -> name.equals("second.bias"))
        .loss(
            TrainingLoss.trades(EmbeddingLoss.cosineDistance())
                .withClean(EmbeddingLoss.squaredDistance(), 0.5)
                .withTokens(EmbeddingLoss.squaredDistance(), 0.25));
  }

  private static FareTrainer.Builder<?> supervised(
      TanhEncoder encoder, FareTrainer.Builder<?> builder) {
    Random random = new Random(9);
    float[] rows = new float[CLASSES.size() * TanhEncoder.DIMENSIONS];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = (float) random.nextGaussian();
    }
    var classes =
        encoder
            .weight("first.weight")
            .getManager()
            .create(rows, new Shape(CLASSES.size(), TanhEncoder.DIMENSIONS));
    return builder
        .loss(TrainingLoss.tecoa(classes))
        .optimizer(new Optimizer.AdamW(0.8, 0.99, 1e-6))
        .validation(Validation.accuracy(LABELLED, classes, new SignAttack(2 / 255.0, 2, 0)), 2)
        .earlyStop(EarlyStop.whenNotFalling("clean_accuracy", 9));
  }

  /** Ten pictures, of which a training sees crops, every other one mirrored. */
  private static InMemoryPictures pictures() {
    Random random = new Random(3);
    List<PixelImage> pictures =
        IntStream.range(0, LABELS.length)
            .mapToObj(
                i -> {
                  byte[] noise = new byte[3 * 12 * 9];
                  random.nextBytes(noise);
                  return PixelImage.rgb(12, 9, noise);
                })
            .toList();
    return InMemoryPictures.of("noise", pictures)
        .labels(LABELS, CLASSES)
        .augmentation(Augmentation.randomResizedCrop(0.5).flip().withSeed(13));
  }

  /** Makes the steps that are left of a run; the trainer is handed over before they begin. */
  static End finish(
      Run run,
      Path references,
      UnaryOperator<FareTrainer.Builder<?>> more,
      Consumer<FareTrainer> look) {
    List<Double> losses = new ArrayList<>();
    TrainingListener listener =
        new TrainingListener() {
          @Override
          public void onStep(StepResult result) {
            if (result.step() > STOP) {
              losses.add(result.loss());
            }
          }
        };
    try (TanhEncoder encoder = TanhEncoder.seeded(1);
        FareTrainer trainer =
            more.apply(run.builder(encoder, references)).listener(listener).build()) {
      look.accept(trainer);
      TrainingSummary summary = trainer.fit(run.data());
      float[][] results = Runs.results(encoder, trainer);
      return new End(
          results[0],
          results[1],
          losses.stream().mapToDouble(Double::doubleValue).toArray(),
          summary.validation(),
          summary.finalLoss(),
          summary.warnings());
    }
  }

  /** The ends by the runs' names. */
  static Map<String, End> ends() throws IOException {
    record Ends(Map<String, End> runs) {}
    try (InputStream in =
            Objects.requireNonNull(EarlierRuns.class.getResourceAsStream("earlier/ends.json"));
        InputStreamReader text = new InputStreamReader(in, StandardCharsets.UTF_8)) {
      return new Gson().fromJson(text, Ends.class).runs();
    }
  }

  /** Writes each run's checkpoint of its half, and how each ends that nothing has disturbed. */
  public static void main(String[] arguments) throws IOException {
    Path folder = Path.of(arguments[0]);
    for (Run run : all().toList()) {
      Path directory = folder.resolve(run.name());
      FareTrainer[] trainer = new FareTrainer[1];
      finish(
          run,
          directory.resolve("references"),
          builder ->
              builder
                  .checkpoints(directory)
                  .keepCheckpoints(1)
                  .listener(new Runs.CancelAfter(STOP, trainer)),
          built -> trainer[0] = built);
      Files.delete(directory.resolve("lock"));
    }
    Map<String, End> ends = new LinkedHashMap<>();
    for (Run run : all().toList()) {
      Path references = folder.resolve(run.name()).resolve("references");
      ends.put(run.name(), finish(run, references, builder -> builder, built -> {}));
    }
    Files.writeString(folder.resolve("ends.json"), new Gson().toJson(Map.of("runs", ends)) + "\n");
  }
}
