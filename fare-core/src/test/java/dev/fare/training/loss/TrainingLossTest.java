package dev.fare.training.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.Objective;
import dev.fare.torch.Autograd;
import dev.fare.torch.GradMode;
import dev.fare.training.TanhEncoder;
import dev.fare.training.loss.TokenEncoder.EmbeddedTokens;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The losses against their formulas in double precision. */
class TrainingLossTest {

  private static final int IMAGES = 4;

  private final NDManager manager = NDManager.newBaseManager("PyTorch");
  private final TanhEncoder encoder = TanhEncoder.seeded(1);
  private final TanhEncoder original = TanhEncoder.seeded(2);
  private final NDArray cleanPixels = pixels(3);
  private final NDArray adversarialPixels = pixels(4);
  private final double[][] clean = rows(encoder.embed(cleanPixels));
  private final double[][] adversarial = rows(encoder.embed(adversarialPixels));
  private final double[][] reference = rows(original.embed(cleanPixels));

  @AfterEach
  void close() {
    encoder.close();
    original.close();
    manager.close();
  }

  @Test
  void fareIsTheSquaredDistanceSummedOverDimensions() {
    assertLosses(TrainingLoss.fare(), i -> squared(adversarial[i], reference[i]));
  }

  @Test
  void cosineAndAbsoluteDistancesFollowTheirFormulas() {
    assertLosses(
        TrainingLoss.of(EmbeddingLoss.cosineDistance()),
        i -> 1 - cosine(adversarial[i], reference[i]));
    assertLosses(
        TrainingLoss.of(EmbeddingLoss.absoluteDistance()),
        i -> absolute(adversarial[i], reference[i]));
  }

  @Test
  void tecoaIsTheCrossEntropyOfAHundredTimesTheCosine() {
    NDArray classes = manager.create(floats(3 * TanhEncoder.DIMENSIONS, 9), new Shape(3, 5));
    double[][] texts = rows(classes);
    long[] labels = {2, 0, 1, 2};

    assertLosses(
        TrainingLoss.tecoa(classes),
        labels,
        i -> {
          double sum = 0;
          double own = 100 * cosine(adversarial[i], texts[(int) labels[i]]);
          for (double[] text : texts) {
            sum += Math.exp(100 * cosine(adversarial[i], text) - own);
          }
          return Math.log(sum);
        });
  }

  @Test
  void tradesMeasuresFromTheTrainedEncodersOwnCleanEmbedding() {
    assertLosses(
        TrainingLoss.trades(EmbeddingLoss.squaredDistance()),
        i -> squared(adversarial[i], clean[i]));
  }

  @Test
  void theCleanWeightMixesBothParts() {
    EmbeddingLoss l2 = EmbeddingLoss.squaredDistance();
    assertLosses(
        TrainingLoss.trades(l2).withClean(l2, 0.3),
        i -> 0.3 * squared(clean[i], reference[i]) + 0.7 * squared(adversarial[i], clean[i]));
    assertThatThrownBy(() -> TrainingLoss.fare().withClean(l2, 1))
        .hasMessage("the clean weight must be in (0, 1), got 1.0");
  }

  @Test
  void simClipIsOneMinusTheCosineBetweenCleanAndAdversarial() {
    assertLosses(TrainingLoss.simClip(), i -> 1 - cosine(adversarial[i], clean[i]));
  }

  @Test
  void tokensAddTheirMeanSquaredDistance() {
    EmbeddingLoss l2 = EmbeddingLoss.squaredDistance();
    TrainingLoss loss = TrainingLoss.fare().withTokens(l2, 0.5);
    EmbeddedTokens target = original.embedWithTokens(cleanPixels);
    double[][] wanted = rows(target.tokens().reshape(IMAGES, 6));
    double[][] tokens =
        rows(encoder.embedWithTokens(adversarialPixels).tokens().reshape(IMAGES, 6));
    Targets targets = Targets.of(target.embedding()).withTokens(target.tokens());
    Formula formula =
        i -> squared(adversarial[i], reference[i]) + 0.5 * squared(tokens[i], wanted[i]) / 2;

    assertThat(loss.readsTokens()).isTrue();
    assertLosses(
        loss.losses(new LossInputs(encoder, cleanPixels, adversarialPixels, targets)), formula);
    Objective climbed = loss.innerObjective().objective(encoder, targets);
    assertLosses(climbed.losses(climbed.forward(adversarialPixels)), formula);
    assertThatThrownBy(() -> TrainingLoss.fare().withTokens(l2, 0))
        .hasMessage("the weight of tokens must be above 0 and finite, got 0.0");
  }

  /** A target that is held fixed is a constant: its slope is that of a copy of the encoder. */
  @Test
  void tradesAndSimClipHoldTheirTargetsFixed() {
    double[] trades = slopes(TrainingLoss.trades(EmbeddingLoss.squaredDistance()));
    double[] simClip = slopes(TrainingLoss.simClip());
    try (TanhEncoder fixed = encoder.copy()) {
      NDArray cleanTarget = fixed.embed(cleanPixels);
      NDArray adversarialTarget = fixed.embed(adversarialPixels);
      double[] expectedTrades =
          differences(() -> mean(squared(encoder.embed(adversarialPixels), cleanTarget)));
      double[] expectedSimClip =
          differences(
              () ->
                  1
                      - 0.5 * mean(cosines(encoder.embed(adversarialPixels), cleanTarget))
                      - 0.5 * mean(cosines(encoder.embed(cleanPixels), adversarialTarget)));
      assertThat(trades).containsExactly(expectedTrades, within(3e-3));
      assertThat(simClip).containsExactly(expectedSimClip, within(3e-3));
    }
  }

  @Test
  void everyLossHasTheSlopesOfItsFiniteDifferences() {
    EmbeddingLoss cosine = EmbeddingLoss.cosineDistance();
    EmbeddingLoss squared = EmbeddingLoss.squaredDistance();
    NDArray classes = manager.create(floats(3 * TanhEncoder.DIMENSIONS, 9), new Shape(3, 5));
    Map<String, TrainingLoss> losses = new LinkedHashMap<>();
    losses.put("fare", TrainingLoss.fare());
    losses.put("cosine", TrainingLoss.of(cosine));
    losses.put("l1", TrainingLoss.of(EmbeddingLoss.absoluteDistance()));
    losses.put("tecoa", TrainingLoss.tecoa(classes));
    losses.put("clean", TrainingLoss.fare().withClean(cosine, 0.3));
    losses.put("labelled clean", TrainingLoss.of(cosine).withClean(crossEntropy(classes), 0.2));
    losses.put("tokens", TrainingLoss.of(cosine).withTokens(squared, 0.5));
    losses.put("all", TrainingLoss.tecoa(classes).withClean(squared, 0.4).withTokens(cosine, 2));

    losses.forEach(
        (name, loss) -> {
          double[] gradient = slopes(loss);
          double steepest = dot(gradient, unit(gradient));
          List<double[]> directions = new ArrayList<>(List.of(gradient));
          Random random = new Random(5);
          for (int i = 0; i < 10; i++) {
            directions.add(random.doubles(gradient.length, -1, 1).toArray());
          }
          for (double[] direction : directions) {
            double[] unit = unit(direction);
            assertThat(difference(loss, unit))
                .as(name)
                .isCloseTo(dot(gradient, unit), within(5e-3 * steepest));
          }
        });
  }

  /** How fast a loss changes along a direction of the weights. */
  private double difference(TrainingLoss loss, double[] unit) {
    float[] start = encoder.values();
    double step = 2e-3; // short, since an absolute value has kinks
    move(start, unit, step);
    double above = loss.losses(fullInputs()).mean().getFloat();
    move(start, unit, -step);
    double below = loss.losses(fullInputs()).mean().getFloat();
    move(start, unit, 0);
    return (above - below) / (2 * step);
  }

  private void move(float[] start, double[] unit, double length) {
    int at = 0;
    for (NDArray weight : encoder.parameters().values()) {
      float[] values = new float[(int) weight.size()];
      for (int i = 0; i < values.length; i++, at++) {
        values[i] = (float) (start[at] + length * unit[at]);
      }
      weight.set(values);
    }
  }

  private static double[] unit(double[] direction) {
    double length = Math.sqrt(dot(direction, direction));
    return Arrays.stream(direction).map(value -> value / length).toArray();
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  private static EmbeddingLoss crossEntropy(NDArray classes) {
    return EmbeddingLoss.crossEntropy(classes);
  }

  /** Everything that any loss reads. */
  private LossInputs fullInputs() {
    EmbeddedTokens target = original.embedWithTokens(cleanPixels);
    Targets targets =
        Targets.of(target.embedding(), manager.create(new long[] {2, 0, 1, 2}))
            .withTokens(target.tokens());
    return new LossInputs(encoder, cleanPixels, adversarialPixels, targets);
  }

  /** PyTorch's norm has the slope 0 there, and so has what is divided by it. */
  @Test
  void anEmbeddingOfZerosHasAFiniteSlope() {
    for (String name : List.of("second.weight", "second.bias")) {
      NDArray weight = encoder.weight(name);
      weight.set(new float[(int) weight.size()]);
    }
    NDArray classes = manager.create(floats(3 * TanhEncoder.DIMENSIONS, 9), new Shape(3, 5));

    for (TrainingLoss loss : List.of(TrainingLoss.tecoa(classes), TrainingLoss.simClip())) {
      assertThat(Arrays.stream(slopes(loss))).isNotEmpty().allMatch(Double::isFinite);
    }
  }

  @Test
  void refusesALabelThatIsNoneOfItsClasses() {
    TrainingLoss loss = TrainingLoss.tecoa(manager.ones(new Shape(3, TanhEncoder.DIMENSIONS)));

    for (long wrong : new long[] {3, -1}) {
      LossInputs inputs = inputs(new long[] {0, 2, wrong, 1});
      assertThatThrownBy(() -> loss.losses(inputs))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("one of the loss's classes, 0 to 2, got " + wrong);
      Objective climbed = loss.innerObjective().objective(encoder, inputs.targets());
      assertThatThrownBy(() -> climbed.losses(climbed.forward(adversarialPixels)))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  /** Only what a loss reads is computed. */
  @Test
  void fareCostsNoForwardOfTheCleanImages() {
    LossInputs inputs = inputs(null);

    TrainingLoss.fare().losses(inputs);

    assertThat(inputs.cleanIfComputed()).isEmpty();
  }

  private interface Formula {
    double loss(int image);
  }

  private void assertLosses(TrainingLoss loss, Formula formula) {
    assertLosses(loss, null, formula);
  }

  private void assertLosses(TrainingLoss loss, long[] labels, Formula formula) {
    assertLosses(loss.losses(inputs(labels)), formula);
  }

  private static void assertLosses(NDArray losses, Formula formula) {
    float[] actual = losses.toFloatArray();
    assertThat(actual).hasSize(IMAGES);
    for (int i = 0; i < IMAGES; i++) {
      double expected = formula.loss(i);
      assertThat((double) actual[i])
          .isCloseTo(expected, within(2e-5 * Math.max(1, Math.abs(expected))));
    }
  }

  private LossInputs inputs(long[] labels) {
    NDArray targets = labels == null ? null : manager.create(labels);
    return new LossInputs(
        encoder, cleanPixels, adversarialPixels, Targets.of(original.embed(cleanPixels), targets));
  }

  private double[] slopes(TrainingLoss loss) {
    List<NDArray> weights = List.copyOf(encoder.parameters().values());
    weights.forEach(weight -> weight.setRequiresGradient(true));
    try (GradMode on = GradMode.enableGrad()) {
      NDArray mean = loss.losses(fullInputs()).mean();
      NDList gradients = Autograd.gradients(mean, weights);
      List<Double> all = new ArrayList<>();
      for (NDArray gradient : gradients) {
        for (float value : gradient.toFloatArray()) {
          all.add((double) value);
        }
      }
      return all.stream().mapToDouble(Double::doubleValue).toArray();
    } finally {
      weights.forEach(weight -> weight.setRequiresGradient(false));
    }
  }

  private interface Value {
    double now();
  }

  private double[] differences(Value value) {
    List<Double> all = new ArrayList<>();
    for (NDArray weight : encoder.parameters().values()) {
      float[] values = weight.toFloatArray();
      for (int i = 0; i < values.length; i++) {
        float at = values[i];
        values[i] = at + 1e-2f;
        weight.set(values);
        double above = value.now();
        values[i] = at - 1e-2f;
        weight.set(values);
        all.add((above - value.now()) / 2e-2);
        values[i] = at;
        weight.set(values);
      }
    }
    return all.stream().mapToDouble(Double::doubleValue).toArray();
  }

  private static double mean(double[] values) {
    double sum = 0;
    for (double value : values) {
      sum += value;
    }
    return sum / values.length;
  }

  private static double[] squared(NDArray a, NDArray b) {
    double[][] left = rows(a);
    double[][] right = rows(b);
    double[] result = new double[left.length];
    for (int i = 0; i < result.length; i++) {
      result[i] = squared(left[i], right[i]);
    }
    return result;
  }

  private static double[] cosines(NDArray a, NDArray b) {
    double[][] left = rows(a);
    double[][] right = rows(b);
    double[] result = new double[left.length];
    for (int i = 0; i < result.length; i++) {
      result[i] = cosine(left[i], right[i]);
    }
    return result;
  }

  private static double squared(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (a[i] - b[i]) * (a[i] - b[i]);
    }
    return sum;
  }

  private static double absolute(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += Math.abs(a[i] - b[i]);
    }
    return sum;
  }

  private static double cosine(double[] a, double[] b) {
    double dot = 0;
    for (int i = 0; i < a.length; i++) {
      dot += a[i] * b[i];
    }
    return dot / Math.sqrt(squared(a, new double[a.length]) * squared(b, new double[b.length]));
  }

  private static double[][] rows(NDArray embeddings) {
    float[] values = embeddings.toFloatArray();
    int rows = (int) embeddings.getShape().get(0);
    double[][] result = new double[rows][values.length / rows];
    for (int i = 0; i < values.length; i++) {
      result[i / result[0].length][i % result[0].length] = values[i];
    }
    return result;
  }

  private NDArray pixels(long seed) {
    int floats = IMAGES * 3 * TanhEncoder.SIDE * TanhEncoder.SIDE;
    return manager.create(
        floats(floats, seed), new Shape(IMAGES, 3, TanhEncoder.SIDE, TanhEncoder.SIDE));
  }

  private static float[] floats(int count, long seed) {
    Random random = new Random(seed);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = random.nextFloat();
    }
    return values;
  }
}
