package dev.fare.examples;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import dev.fare.Attack;
import dev.fare.ThreatModel;
import dev.fare.attacks.ApgdAttack;
import dev.fare.attacks.PgdAttack;
import dev.fare.data.InMemoryImages;
import dev.fare.training.FareTrainer;
import dev.fare.training.FareTrainerBuilder;
import dev.fare.training.StepResult;
import dev.fare.training.TrainingListener;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A real vision transformer under the real attacks: stopping and going on changes no bit. */
class ExactResumeTest {

  private static final ThreatModel BALL = ThreatModel.linf(4 / 255.0);
  private static final int STEPS = 5;

  @TempDir private Path directory;

  static Stream<Attack> attacks() {
    return Stream.of(
        PgdAttack.builder(BALL).steps(2).build(), ApgdAttack.builder(BALL).steps(3).build());
  }

  @ParameterizedTest
  @MethodSource("attacks")
  void goesOnBitForBit(Attack attack) throws Exception {
    Map<String, String> undisturbed = train(attack, directory.resolve("whole"), STEPS);

    train(attack, directory.resolve("parts"), 2);
    assertThat(train(attack, directory.resolve("parts"), STEPS)).isEqualTo(undisturbed);
  }

  /** Trains up to a step; the bits of the weights and of their averages. */
  private static Map<String, String> train(Attack attack, Path checkpoints, long until)
      throws Exception {
    FareTrainer[] trainer = new FareTrainer[1];
    try (TinyEncoder encoder = TinyEncoder.load("visual_tiny.safetensors")) {
      FareTrainerBuilder builder =
          FareTrainer.builder(encoder)
              .attack(attack)
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
      trainer[0] = builder.build();
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
