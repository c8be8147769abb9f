package dev.fare.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.data.InMemoryImages;
import dev.fare.torch.ResidentMemory;
import dev.fare.training.loss.TrainingLoss;
import dev.fare.training.optimizer.LearningRateSchedule;
import dev.fare.training.optimizer.Optimizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class FareTrainerTest {

  private static final SignAttack ATTACK = new SignAttack(8 / 255.0, 3, 0);

  private final NDManager manager = NDManager.newBaseManager("PyTorch");
  private final TanhEncoder encoder = TanhEncoder.seeded(1);

  @AfterEach
  void close() {
    encoder.close();
    manager.close();
  }

  @Test
  void startsWithoutLossOnCleanImagesAndBringsAdversarialOnesBack() {
    NDArray pixels = pixels(8, 2);
    FareTrainer<?> trainer = builder().learningRate(3e-3).steps(300).build();

    StepResult first = trainer.step(pixels);
    StepResult last = first;
    for (int i = 0; i < 200; i++) {
      last = trainer.step(pixels);
    }

    assertThat(first.cleanCosine().orElseThrow()).isCloseTo(1, within(1e-6));
    assertThat(last.loss()).isLessThan(0.6 * first.loss());
    assertThat(last.step()).isEqualTo(201);
    trainer.close();
  }

  @Test
  void movesTheWeightsAlongTheFiniteDifferenceGradientOfItsLoss() {
    NDArray pixels = pixels(4, 3);
    NDArray adversarial = pixels(4, 4);
    float[] before = encoder.values();
    NDArray reference = encoder.embed(pixels);
    FareTrainer<?> trainer =
        FareTrainer.builder(encoder)
            .attack(new FixedAttack(adversarial))
            .optimizer(new Optimizer.Sgd(0))
            .schedule(LearningRateSchedule.constant())
            .learningRate(1e-2)
            .weightDecay(0)
            .build();

    double expectedLoss = loss(adversarial, reference);
    double[] slope = slopes(adversarial, reference);
    StepResult result = trainer.step(pixels);

    assertThat(result.loss()).isCloseTo(expectedLoss, within(1e-5));
    float[] after = encoder.values();
    double length = 0;
    for (int i = 0; i < after.length; i++) {
      assertThat((before[i] - after[i]) / 1e-2).isCloseTo(slope[i], within(3e-3));
      length += slope[i] * slope[i];
    }
    assertThat(result.gradientNorm()).isCloseTo(Math.sqrt(length), within(5e-3));
    trainer.close();
  }

  /** Mean over images of the squared distance, as the paper writes it. */
  private double loss(NDArray adversarial, NDArray reference) {
    float[] embeddings = encoder.embed(adversarial).toFloatArray();
    float[] references = reference.toFloatArray();
    double sum = 0;
    for (int i = 0; i < embeddings.length; i++) {
      sum += Math.pow(embeddings[i] - references[i], 2);
    }
    return sum / adversarial.getShape().get(0);
  }

  private double[] slopes(NDArray adversarial, NDArray reference) {
    double[] slopes = new double[encoder.values().length];
    int at = 0;
    for (NDArray weight : encoder.parameters().values()) {
      float[] values = weight.toFloatArray();
      for (int i = 0; i < values.length; i++) {
        float value = values[i];
        values[i] = value + 1e-2f;
        weight.set(values);
        double above = loss(adversarial, reference);
        values[i] = value - 1e-2f;
        weight.set(values);
        slopes[at++] = (above - loss(adversarial, reference)) / 2e-2;
        values[i] = value;
        weight.set(values);
      }
    }
    return slopes;
  }

  @Test
  void makesTheSameUpdateInSmallerParts() {
    NDArray pixels = pixels(7, 5);
    TanhEncoder other = encoder.copy();
    FareTrainer<?> whole = builder().learningRate(1e-2).build();
    FareTrainer<?> parts =
        FareTrainer.builder(other).attack(ATTACK).learningRate(1e-2).microBatchSize(3).build();

    for (int i = 0; i < 3; i++) {
      StepResult one = whole.step(pixels);
      StepResult many = parts.step(pixels);
      assertThat(many.loss()).isCloseTo(one.loss(), within(1e-5));
      assertThat(many.gradientNorm()).isCloseTo(one.gradientNorm(), within(1e-4));
    }

    float[] expected = encoder.values();
    float[] actual = other.values();
    for (int i = 0; i < expected.length; i++) {
      assertThat(actual[i]).isCloseTo(expected[i], within(1e-5f));
    }
    whole.close();
    parts.close();
    other.close();
  }

  @Test
  void fitsADataSetTheSameWayEveryTime() {
    TanhEncoder other = encoder.copy();
    InMemoryImages images = InMemoryImages.of(values(10, 6), TanhEncoder.SIDE);
    List<StepResult> heard = new ArrayList<>();
    TrainingListener listener =
        new TrainingListener() {
          @Override
          public void onStep(StepResult result) {
            heard.add(result);
          }
        };
    FareTrainer<?> one = builder().steps(12).batchSize(4).seed(9).listener(listener).build();
    FareTrainer<?> two =
        FareTrainer.builder(other).attack(ATTACK).steps(12).batchSize(4).seed(9).build();

    TrainingSummary summary = one.fit(images);
    two.fit(images);

    assertThat(encoder.values()).containsExactly(other.values());
    assertThat(summary.isComplete()).isTrue();
    assertThat(summary.images()).isEqualTo(48);
    assertThat(heard).hasSize(12);
    assertThat(heard.get(11).learningRate()).isLessThan(heard.get(1).learningRate());
    assertThat(summary.finalLoss())
        .isCloseTo(
            heard.stream().mapToDouble(StepResult::loss).average().orElseThrow(), within(1e-9));
    one.close();
    two.close();
    other.close();
  }

  @Test
  void endsAfterTheCurrentStepWhenCancelledAndGoesOnLater() {
    InMemoryImages images = InMemoryImages.of(values(10, 6), TanhEncoder.SIDE);
    FareTrainer<?>[] trainer = new FareTrainer<?>[1];
    TrainingListener listener =
        new TrainingListener() {
          @Override
          public void onStep(StepResult result) {
            if (result.step() == 2) {
              trainer[0].cancel();
            }
          }
        };
    trainer[0] = builder().steps(5).batchSize(4).listener(listener).build();

    TrainingSummary cancelled = trainer[0].fit(images);
    TrainingSummary rest = trainer[0].fit(images);

    assertThat(cancelled.isComplete()).isFalse();
    assertThat(cancelled.lastStep()).isEqualTo(2);
    assertThat(rest.firstStep()).isEqualTo(2);
    assertThat(rest.lastStep()).isEqualTo(5);
    trainer[0].close();
  }

  @Test
  void saysWhatIsMissing() {
    assertThatThrownBy(() -> FareTrainer.builder(encoder).build())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("the attack is missing: call attack(...)");
    assertThatThrownBy(() -> builder().learningRate(-1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("learningRate must be above 0 and finite, got -1.0");
    assertThatThrownBy(() -> builder().batchSize(0))
        .hasMessage("batchSize must be at least 1, got 0");
    FareTrainer<?> trainer =
        builder().loss(TrainingLoss.tecoa(manager.ones(new Shape(3, 5)))).build();
    assertThatThrownBy(() -> trainer.step(pixels(2, 1)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("call step(pixels, labels)");
    trainer.close();
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void residentMemoryStaysFlatOverManySteps() throws Exception {
    NDArray pixels = pixels(256, 7);
    FareTrainer<?> trainer = builder().microBatchSize(128).build();
    takeSteps(trainer, pixels, 20);
    long smallestGrowth = Long.MAX_VALUE;
    for (int window = 0; window < 3; window++) {
      long before = ResidentMemory.bytes();
      takeSteps(trainer, pixels, 20);
      smallestGrowth = Math.min(smallestGrowth, ResidentMemory.bytes() - before);
    }
    // one batch of pixels leaked a step would be 980 kB in every window
    assertThat(smallestGrowth).isLessThan(1L << 19);
    trainer.close();
  }

  private static void takeSteps(FareTrainer<?> trainer, NDArray pixels, int steps) {
    for (int i = 0; i < steps; i++) {
      trainer.step(pixels);
    }
    System.gc(); // so that the growth of the Java heap is not taken for native memory
  }

  private FareTrainer.Builder<?> builder() {
    return FareTrainer.builder(encoder).attack(ATTACK);
  }

  private NDArray pixels(int images, long seed) {
    return manager.create(
        values(images, seed), new Shape(images, 3, TanhEncoder.SIDE, TanhEncoder.SIDE));
  }

  private static float[] values(int images, long seed) {
    Random random = new Random(seed);
    float[] values = new float[images * 3 * TanhEncoder.SIDE * TanhEncoder.SIDE];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextFloat();
    }
    return values;
  }
}
