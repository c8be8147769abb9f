package dev.fare.examples.search;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.ImageEncoder;
import dev.fare.ThreatModel;
import dev.fare.attacks.Objectives;
import dev.fare.attacks.PgdAttack;
import dev.fare.data.ImageArrays;
import dev.fare.data.ImageDataset;
import dev.fare.evaluation.PerceptualSimilarity;
import dev.fare.examples.emoji.EmojiData;
import dev.fare.examples.emoji.EmojiDataset;
import dev.fare.models.RobustClipEncoder;
import dev.fare.torch.GradMode;
import dev.fare.torch.TensorScope;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Random;

/**
 * Does an upload filter still know a picture that somebody has tampered with? The similarity of two
 * pictures is the cosine of their embeddings; the threshold lets 1 % of the pairs of different
 * pictures pass for copies.
 *
 * <pre>mvn -q compile exec:java -Dexec.mainClass=dev.fare.examples.search.NearDuplicates</pre>
 *
 * <p>Argument: what the quick start has written, by default {@code fare-quickstart}. For pairs in a
 * data set of one's own there is {@link PerceptualSimilarity#duplicates}.
 */
public final class NearDuplicates {

  private static final int PICTURES = 48;
  private static final double FALSE_MATCHES = 0.01;

  /**
   * How many copies are recognised.
   *
   * @param threshold copies are at least this similar
   * @param noisy of the pictures with uniform noise of the same size as the attack
   * @param attacked of the attacked pictures
   */
  record Recognised(double threshold, int noisy, int attacked) {}

  private NearDuplicates() {}

  /** Prints how many copies each encoder recognises. */
  public static void main(String[] args) throws IOException {
    Path quickStart = Path.of(args.length > 0 ? args[0] : "fare-quickstart");
    EmojiDataset pictures = EmojiDataset.testSetA(EmojiData.load(), PICTURES);
    System.out.printf("copies recognised of %d    noise 4/255    attacked 4/255%n", PICTURES);
    for (String name : new String[] {"original", "robust"}) {
      try (RobustClipEncoder encoder = RobustClipEncoder.load(quickStart.resolve(name))) {
        Recognised found = recognise(encoder, pictures, ThreatModel.linf(4 / 255.0));
        System.out.printf(
            Locale.ROOT,
            "%-8s (threshold %.2f) %14d %17d%n",
            name,
            found.threshold(),
            found.noisy(),
            found.attacked());
      }
    }
  }

  static Recognised recognise(ImageEncoder encoder, ImageDataset data, ThreatModel threatModel)
      throws IOException {
    PerceptualSimilarity similarity = PerceptualSimilarity.of(encoder);
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        TensorScope scope = TensorScope.of(manager)) {
      NDArray clean = ImageArrays.pixels(data, encoder.imageSize(), scope.manager());
      double threshold;
      try (GradMode off = GradMode.noGrad()) {
        threshold = threshold(similarity.matrix(clean, clean), data.size());
      }
      NDArray noise = noise(clean.getShape(), threatModel.epsilon(), scope.manager());
      NDArray noisy = clean.add(noise).clip(0, 1);
      NDArray attacked =
          PgdAttack.builder(threatModel)
              .steps(20)
              .build()
              .perturb(Objectives.embeddingShift(encoder, clean), clean)
              .images();
      return new Recognised(
          threshold,
          count(similarity, clean, noisy, threshold),
          count(similarity, clean, attacked, threshold));
    }
  }

  private static NDArray noise(Shape shape, double radius, NDManager manager) {
    Random random = new Random(0);
    float[] values = new float[Math.toIntExact(shape.size())];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (radius * (2 * random.nextDouble() - 1));
    }
    return manager.create(values, shape);
  }

  /** The similarity that the given share of the pairs of different pictures reaches. */
  private static double threshold(NDArray matrix, int size) {
    float[] all = matrix.toFloatArray();
    float[] pairs = new float[size * (size - 1) / 2];
    int next = 0;
    for (int i = 0; i < size; i++) {
      for (int j = i + 1; j < size; j++) {
        pairs[next++] = all[i * size + j];
      }
    }
    Arrays.sort(pairs);
    return pairs[(int) Math.floor((1 - FALSE_MATCHES) * (pairs.length - 1))];
  }

  private static int count(
      PerceptualSimilarity similarity, NDArray clean, NDArray copies, double threshold) {
    try (GradMode off = GradMode.noGrad()) {
      int recognised = 0;
      for (float value : similarity.between(clean, copies).toFloatArray()) {
        recognised += value > threshold ? 1 : 0;
      }
      return recognised;
    }
  }
}
