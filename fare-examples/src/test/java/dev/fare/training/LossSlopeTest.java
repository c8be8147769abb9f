package dev.fare.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.common.primitives.Floats;
import dev.fare.Attack;
import dev.fare.AttackResult;
import dev.fare.Objective;
import dev.fare.torch.Autograd;
import dev.fare.torch.GradMode;
import dev.fare.torch.TensorScope;
import dev.fare.training.loss.EmbeddingLoss;
import dev.fare.training.loss.TrainingLoss;
import dev.fare.training.optimizer.Optimizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Every training loss through a real vision transformer: the step that SGD makes is the gradient
 * that finite differences of the reported loss find, and so is the pixels' of what the attack
 * climbs.
 */
class LossSlopeTest {

  private static final int IMAGES = 4;
  private static final double RATE = 1e-2;

  /** Of all weights together: short, since an absolute value has kinks. */
  private static final double STEP = 2e-3;

  private final NDManager manager = NDManager.newBaseManager("PyTorch");
  private final NDArray clean = pixels(1);
  private final NDArray adversarial = pixels(2);

  @AfterEach
  void close() {
    manager.close();
  }

  /**
   * A loss.
   *
   * @param share of the loss's own slope that is its gradient: what it holds fixed has none
   */
  private record Case(String name, TrainingLoss loss, double share) {}

  private Stream<Case> losses() {
    EmbeddingLoss squared = EmbeddingLoss.squaredDistance();
    EmbeddingLoss cosine = EmbeddingLoss.cosineDistance();
    NDArray texts = manager.create(normals(5 * 16, 3), new Shape(5, 16));
    return Stream.of(
        new Case("FARE", TrainingLoss.fare(), 1),
        new Case("cosine", TrainingLoss.of(cosine), 1),
        new Case("l1", TrainingLoss.of(EmbeddingLoss.absoluteDistance()), 1),
        new Case("TeCoA", TrainingLoss.tecoa(texts), 1),
        new Case("clean", TrainingLoss.fare().withClean(cosine, 0.3), 1),
        new Case("tokens", TrainingLoss.of(cosine).withTokens(squared, 0.5), 1),
        new Case("all", TrainingLoss.tecoa(texts).withClean(squared, 0.4).withTokens(cosine, 2), 1),
        new Case("Sim-CLIP", TrainingLoss.simClip(), 0.5));
  }

  @TestFactory
  Stream<DynamicTest> theUpdateIsTheSlopeOfTheReportedLoss() {
    return losses().map(given -> dynamicTest(given.name, () -> check(given)));
  }

  private void check(Case given) throws Exception {
    try (TinyEncoder encoder = TinyEncoder.load("visual_tiny.safetensors");
        FareTrainer<?> trainer = trainer(encoder, given.loss)) {
      TinyEncoder student = TinyEncoder.load("d_student_after_5.safetensors");
      float[] start = values(student);
      student.close();
      move(encoder, start, new double[start.length], 0);

      double norm = step(trainer).gradientNorm();

      double[] gradient = new double[start.length];
      float[] after = values(encoder);
      for (int i = 0; i < start.length; i++) {
        gradient[i] = (start[i] - after[i]) / RATE;
      }
      assertThat(length(gradient)).isCloseTo(norm, within(2e-3 * norm));
      for (double[] direction : directions(gradient)) {
        move(encoder, start, direction, STEP);
        double above = step(trainer).loss();
        move(encoder, start, direction, -STEP);
        double difference = (above - step(trainer).loss()) / (2 * STEP);
        assertThat(given.share * difference)
            .isCloseTo(dot(gradient, direction), within(0.01 * norm));
      }
    }
  }

  /** Moves once; from then on its steps only measure. */
  private FareTrainer<?> trainer(TinyEncoder encoder, TrainingLoss loss) {
    return FareTrainer.builder(encoder)
        .attack(new Fixed(adversarial))
        .loss(loss)
        .optimizer(new Optimizer.Sgd(0))
        .schedule((peak, update) -> update == 0 ? peak : 0)
        .learningRate(RATE)
        .weightDecay(0)
        .build();
  }

  private StepResult step(FareTrainer<?> trainer) {
    return trainer.step(clean, manager.create(new long[] {0, 3, 1, 4}));
  }

  /** That of the gradient, where the loss changes most, and a few others. */
  private static List<double[]> directions(double[] gradient) {
    List<double[]> directions = new ArrayList<>(List.of(gradient));
    Random random = new Random(5);
    for (int i = 0; i < 3; i++) {
      directions.add(random.doubles(gradient.length, -1, 1).toArray());
    }
    return directions.stream()
        .map(
            direction -> {
              double length = length(direction);
              return Arrays.stream(direction).map(value -> value / length).toArray();
            })
        .toList();
  }

  private static double length(double[] values) {
    return Math.sqrt(dot(values, values));
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  private static float[] values(TinyEncoder encoder) {
    List<float[]> arrays =
        encoder.parameters().values().stream().map(NDArray::toFloatArray).toList();
    return Floats.concat(arrays.toArray(float[][]::new));
  }

  private static void move(TinyEncoder encoder, float[] start, double[] direction, double length) {
    int at = 0;
    for (NDArray weight : encoder.parameters().values()) {
      float[] values = new float[(int) weight.size()];
      for (int i = 0; i < values.length; i++, at++) {
        values[i] = (float) (start[at] + length * direction[at]);
      }
      weight.set(values);
    }
  }

  private NDArray pixels(long seed) {
    Random random = new Random(seed);
    float[] values = new float[IMAGES * 3 * 32 * 32];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextFloat();
    }
    return manager.create(values, new Shape(IMAGES, 3, 32, 32));
  }

  private static float[] normals(int count, long seed) {
    Random random = new Random(seed);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  /** Always finds the same images, and looks once at the slope of what it is to climb there. */
  private static final class Fixed implements Attack {
    private final NDArray images;
    private boolean hasLooked;

    Fixed(NDArray images) {
      this.images = images;
    }

    @Override
    public AttackResult perturb(Objective objective, NDArray pixels) {
      if (!hasLooked) {
        checkSlope(objective);
        hasLooked = true;
      }
      NDArray losses = pixels.getManager().zeros(new Shape(IMAGES));
      NDArray none = losses.toType(DataType.BOOLEAN, true);
      return new AttackResult(images, images, losses, none);
    }

    private void checkSlope(Objective objective) {
      try (TensorScope scope = TensorScope.of(images);
          GradMode on = GradMode.enableGrad()) {
        NDArray variable = Autograd.leaf(scope.view(images));
        NDArray loss = objective.losses(objective.forward(variable)).sum();
        NDArray gradient = Autograd.gradient(loss, variable);
        float norm = gradient.square().sum().sqrt().getFloat();
        NDArray unit = gradient.div(norm);
        double step = 5e-3;
        double above = value(objective, images.add(unit.mul(step)));
        double below = value(objective, images.sub(unit.mul(step)));
        assertThat((above - below) / (2 * step)).isCloseTo(norm, within(0.01 * norm));
      }
    }

    private static double value(Objective objective, NDArray pixels) {
      return objective.losses(objective.forward(pixels)).sum().getFloat();
    }

    @Override
    public AttackResult perturb(Objective objective, NDArray pixels, NDArray start) {
      return perturb(objective, pixels);
    }
  }
}
