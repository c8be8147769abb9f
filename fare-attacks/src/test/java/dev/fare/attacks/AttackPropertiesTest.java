package dev.fare.attacks;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.fare.AttackOptions;
import dev.fare.AttackResult;
import dev.fare.Classifier;
import dev.fare.Norm;
import dev.fare.Objective;
import dev.fare.ThreatModel;
import dev.fare.attacks.objective.ClassificationLoss;
import dev.fare.attacks.objective.ClassificationObjective;
import dev.fare.attacks.tensor.Rows;
import dev.fare.torch.Autograd;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Scale;

/** What holds for every attack, whatever the images and the objective are. */
class AttackPropertiesTest {

  enum Kind {
    PGD,
    FGSM,
    APGD,
    APGD_RESTARTED,
    SQUARE,
    FAB,
    TARGETED_APGD
  }

  private static ImageAttack attack(Kind kind, ThreatModel threatModel, long seed) {
    return switch (kind) {
      case PGD -> PgdAttack.builder(threatModel).steps(3).seed(seed).build();
      case FGSM -> PgdAttack.fgsm(threatModel);
      case APGD -> ApgdAttack.builder(threatModel).steps(4).seed(seed).build();
      case APGD_RESTARTED ->
          ApgdAttack.builder(threatModel)
              .steps(5)
              .restarts(2)
              .stopAtSuccess(true)
              .useLargerEpsilons(threatModel.norm() == Norm.L1)
              .seed(seed)
              .build();
      case SQUARE -> SquareAttack.builder(threatModel).queries(4).seed(seed).build();
      case FAB -> FabAttack.builder(threatModel).steps(3).restarts(2).seed(seed).build();
      case TARGETED_APGD ->
          TargetedApgdAttack.builder(threatModel).steps(3).targets(2).seed(seed).build();
    };
  }

  @Property
  void everyResultIsAnAllowedImage(
      @ForAll Kind kind,
      @ForAll Norm norm,
      @ForAll @Scale(5) @DoubleRange(min = 1e-4, max = 1) double size,
      @ForAll @IntRange(min = 1, max = 3) int images,
      @ForAll long seed) {
    ThreatModel threatModel = threatModel(norm, size);
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      NDArray x = images(manager, images, seed);
      Objective objective = classification(manager, x, seed, 1);

      AttackResult result = attack(kind, threatModel, seed).perturb(objective, x);

      assertAllowed(result.images(), x, threatModel);
      assertAllowed(result.highestLossImages(), x, threatModel);
      assertThat(result.losses().getShape()).isEqualTo(new Shape(images));
      assertThat(result.succeeded().getDataType()).isEqualTo(DataType.BOOLEAN);
    }
  }

  @Property
  void gradientsThatAreNotFiniteDoNoHarm(
      @ForAll Norm norm,
      @ForAll @Scale(5) @DoubleRange(min = 1e-3, max = 1) double size,
      @ForAll long seed) {
    ThreatModel threatModel = threatModel(norm, size);
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      NDArray x = images(manager, 2, seed);
      Objective objective = classification(manager, x, seed, Float.NaN);

      AttackResult result = attack(Kind.APGD, threatModel, seed).perturb(objective, x);

      assertAllowed(result.images(), x, threatModel);
      assertThat(result.cost().nonFiniteGradients()).isEqualTo(8);
    }
  }

  @Property
  void apgdNeverEndsBelowItsStart(
      @ForAll Norm norm,
      @ForAll @Scale(5) @DoubleRange(min = 1e-3, max = 1) double size,
      @ForAll long seed) {
    ThreatModel threatModel = threatModel(norm, size);
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      NDArray x = images(manager, 3, seed);
      Objective objective = classification(manager, x, seed, 1);
      NDArray start = objective.losses(objective.forward(x));

      AttackResult result = attack(Kind.APGD, threatModel, seed).perturb(objective, x, x);

      assertThat(result.losses().gte(start.sub(1e-6)).all().getBoolean()).isTrue();
    }
  }

  @Property
  void anImageGetsTheSameResultInAnyBatch(
      @ForAll Kind kind, @ForAll Norm norm, @ForAll @IntRange(max = 3) int row, @ForAll long seed) {
    ThreatModel threatModel = threatModel(norm, 0.2);
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      NDArray x = images(manager, 4, seed);
      LinearLogits whole = classification(manager, x, seed, 1);
      ImageAttack attack = attack(kind, threatModel, seed);
      NDArray rows = manager.create(new long[] {row});

      NDArray together = attack.perturb(whole, x).images().get(rows);
      NDArray alone =
          attack
              .perturb(whole.select(rows), x.get(rows), AttackOptions.none().withImageIds(row))
              .images();

      assertThat(together.toFloatArray()).containsExactly(alone.toFloatArray());
    }
  }

  private static ThreatModel threatModel(Norm norm, double size) {
    double scale = norm == Norm.LINF ? 1 : norm == Norm.L2 ? 3 : 12;
    return new ThreatModel(norm, size * scale);
  }

  /** Random images, with pixels at both ends of the range among them. */
  private static NDArray images(NDManager manager, int count, long seed) {
    Random random = new Random(seed);
    float[] pixels = new float[count * 3 * 6 * 6];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = Math.min(1, Math.max(0, random.nextFloat() * 1.4f - 0.2f));
    }
    return manager.create(pixels, new Shape(count, 3, 6, 6));
  }

  private static LinearLogits classification(
      NDManager manager, NDArray x, long seed, float factor) {
    Random random = new Random(~seed);
    float[] weights = new float[3 * 6 * 6 * 4];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = (float) random.nextGaussian();
    }
    NDArray matrix = manager.create(weights, new Shape(3 * 6 * 6, 4));
    NDArray labels = x.reshape(x.getShape().get(0), -1).matMul(matrix).argMax(1);
    return new LinearLogits(matrix, labels, factor);
  }

  /** A linear classifier under cross-entropy, whose gradient can be spoilt. */
  private record LinearLogits(NDArray matrix, NDArray labels, float factor)
      implements ClassificationObjective {

    @Override
    public NDArray forward(NDArray pixels) {
      NDArray rows = pixels.reshape(pixels.getShape().get(0), -1);
      NDArray logits = TinyModels.imageByImage(some -> some.matMul(matrix)).logits(rows);
      if (Float.isNaN(factor)) {
        NDArray zero = rows.sub(rows.stopGradient()).sum(new int[] {1}, true);
        return logits.add(Autograd.scaled(zero.sqrt(), 0)); // 0/0 in its gradient
      }
      return Autograd.scaled(logits, factor);
    }

    private Objective inner() {
      return Objectives.crossEntropy(logits -> logits, labels);
    }

    @Override
    public NDArray losses(NDArray outputs) {
      return inner().losses(outputs);
    }

    @Override
    public NDArray succeeded(NDArray outputs) {
      return outputs.argMax(1).neq(labels);
    }

    @Override
    public LinearLogits select(NDArray rows) {
      return new LinearLogits(matrix, Rows.take(labels, rows), factor);
    }

    @Override
    public ClassificationObjective withClassifier(Classifier other) {
      return Objectives.crossEntropy(other, labels);
    }

    @Override
    public ClassificationObjective withLoss(ClassificationLoss loss) {
      return this;
    }

    @Override
    public ClassificationObjective towards(NDArray targets) {
      LinearLogits self = this;
      return Objectives.crossEntropy(self::forward, labels).towards(targets);
    }
  }

  private static void assertAllowed(NDArray images, NDArray x, ThreatModel threatModel) {
    float[] clean = x.toFloatArray();
    float[] found = images.toFloatArray();
    int perImage = (int) (x.size() / x.getShape().get(0));
    for (int image = 0; image < clean.length / perImage; image++) {
      double size = 0;
      for (int i = image * perImage; i < (image + 1) * perImage; i++) {
        assertThat(found[i]).isBetween(0f, 1f);
        double change = Math.abs((double) found[i] - clean[i]);
        size =
            switch (threatModel.norm()) {
              case LINF -> Math.max(size, change);
              case L2 -> size + change * change;
              case L1 -> size + change;
            };
      }
      size = threatModel.norm() == Norm.L2 ? Math.sqrt(size) : size;
      assertThat(size).isLessThanOrEqualTo(threatModel.epsilon() * (1 + 1e-6));
    }
  }
}
