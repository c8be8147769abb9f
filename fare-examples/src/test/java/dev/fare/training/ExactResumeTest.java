package dev.fare.training;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.fare.Attack;
import dev.fare.Precision;
import dev.fare.ThreatModel;
import dev.fare.attacks.ApgdAttack;
import dev.fare.attacks.PgdAttack;
import dev.fare.data.InMemoryImages;
import dev.fare.io.LazyTensor;
import dev.fare.io.SafetensorsFile;
import dev.fare.training.loss.EmbeddingLoss;
import dev.fare.training.loss.TrainingLoss;
import dev.fare.training.optimizer.Optimizer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A real vision transformer under the real attacks: stopping and going on changes no bit. */
class ExactResumeTest {

  private static final ThreatModel BALL = ThreatModel.linf(4 / 255.0);
  private static final int STEPS = 5;

  @TempDir private Path directory;

  /** A way to train; all of them accumulate gradients and keep a moving average. */
  private record Kind(
      String name,
      Attack attack,
      Precision precision,
      UnaryOperator<FareTrainer.Builder<?>> options) {

    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Kind> kinds() {
    Attack pgd = PgdAttack.builder(BALL).steps(2).build();
    return Stream.of(
        new Kind("PGD", pgd, Precision.FLOAT32, builder -> builder),
        new Kind(
            "APGD",
            ApgdAttack.builder(BALL).steps(3).build(),
            Precision.FLOAT32,
            builder -> builder),
        new Kind("bfloat16", pgd, Precision.BFLOAT16, builder -> builder),
        new Kind(
            "activation checkpointing",
            pgd,
            Precision.FLOAT32,
            builder -> builder.activationCheckpointing(true)),
        new Kind(
            "SGD, clipping, clean loss",
            pgd,
            Precision.FLOAT32,
            builder ->
                builder
                    .optimizer(Optimizer.sgd())
                    .gradientClip(0.1)
                    .loss(TrainingLoss.fare().withClean(EmbeddingLoss.squaredDistance(), 0.5))));
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void goesOnBitForBit(Kind kind) throws Exception {
    Map<String, String> undisturbed = train(kind, directory.resolve("whole"), STEPS);

    train(kind, directory.resolve("parts"), 2);
    assertThat(train(kind, directory.resolve("parts"), STEPS)).isEqualTo(undisturbed);
  }

  /** With SGD, whose steps are the gradients: Adam divides rounding by rounding here and there. */
  @Test
  void activationCheckpointingChangesNoWeightBeyondRounding() throws Exception {
    Kind kept = sgd("kept", builder -> builder);
    train(kept, directory.resolve("kept"), STEPS);
    train(
        sgd("again", builder -> builder.activationCheckpointing(true)),
        directory.resolve("again"),
        STEPS);

    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        TinyEncoder start = TinyEncoder.load("visual_tiny.safetensors")) {
      Map<String, NDArray> expected = weights("kept", manager);
      for (Map.Entry<String, NDArray> again : weights("again", manager).entrySet()) {
        NDArray wanted = Objects.requireNonNull(expected.get(again.getKey()));
        NDArray before = Objects.requireNonNull(start.parameters().get(again.getKey()));
        float moved = wanted.sub(before).abs().max().getFloat();
        float off = again.getValue().sub(wanted).abs().max().getFloat();
        assertThat(off).as(again.getKey()).isLessThan(1e-3f * moved);
      }
    }
  }

  private static Kind sgd(String name, UnaryOperator<FareTrainer.Builder<?>> options) {
    return new Kind(
        name,
        PgdAttack.builder(BALL).steps(2).build(),
        Precision.FLOAT32,
        builder -> options.apply(builder.optimizer(Optimizer.sgd()).learningRate(0.1)));
  }

  private Map<String, NDArray> weights(String run, NDManager manager) throws Exception {
    Path file = directory.resolve(run).resolve("step-00000000" + STEPS + "/weights.safetensors");
    Map<String, NDArray> weights = new TreeMap<>();
    for (Map.Entry<String, LazyTensor> tensor : SafetensorsFile.read(file).tensors().entrySet()) {
      weights.put(tensor.getKey(), tensor.getValue().read(manager));
    }
    return weights;
  }

  /** Trains up to a step; the bits of the weights and of their averages. */
  private static Map<String, String> train(Kind kind, Path checkpoints, long until)
      throws Exception {
    FareTrainer<?>[] trainer = new FareTrainer<?>[1];
    try (TinyEncoder encoder = TinyEncoder.load("visual_tiny.safetensors", kind.precision())) {
      FareTrainer.Builder<?> builder =
          FareTrainer.builder(encoder)
              .attack(kind.attack())
              .learningRate(1e-3)
              .steps(STEPS)
              .batchSize(5)
              .microBatchSize(2)
              .averageDecay(0.9)
              .checkpoints(checkpoints)
              .listener(
                  new TrainingListener() {
                    @Override
                    public void onStep(StepResult result) {
                      if (result.step() == until) {
                        trainer[0].cancel();
                      }
                    }
                  });
      trainer[0] = kind.options().apply(builder).build();
      trainer[0].fit(images());
      Map<String, String> bits = new TreeMap<>();
      encoder.parameters().forEach((name, weight) -> bits.put(name, bits(weight)));
      try (TinyEncoder averaged = (TinyEncoder) trainer[0].averagedEncoder()) {
        averaged.parameters().forEach((name, weight) -> bits.put("average." + name, bits(weight)));
      }
      trainer[0].close();
      return bits;
    }
  }

  private static String bits(NDArray weight) {
    return Arrays.toString(weight.toByteArray());
  }

  private static InMemoryImages images() {
    Random random = new Random(4);
    float[] pixels = new float[12 * 3 * 32 * 32];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = random.nextFloat();
    }
    return InMemoryImages.of(pixels, 32);
  }
}
