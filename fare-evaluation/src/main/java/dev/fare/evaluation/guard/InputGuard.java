package dev.fare.evaluation.guard;

import static com.google.common.base.Preconditions.checkArgument;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.fare.Cosine;
import dev.fare.ImageEncoder;
import dev.fare.Objective;
import dev.fare.SelectableObjective;
import dev.fare.data.ImageDataset;
import dev.fare.evaluation.ImageReader;
import dev.fare.torch.Autograd;
import dev.fare.torch.GradMode;
import dev.fare.torch.Host;
import dev.fare.torch.TensorScope;
import java.util.ArrayList;
import java.util.List;

/**
 * Watches the door of an application: an image that the original encoder and its robust twin see
 * differently has probably been tampered with.
 *
 * <pre>{@code
 * InputGuard guard = InputGuard.calibrate(original, robust, ordinaryImages, 0.01);
 * if (guard.isSuspicious(pixels)[0]) { ... }
 * }</pre>
 *
 * <p>What it is worth: it catches attacks that were made against the original encoder and don't
 * know of the guard. An attacker who knows both encoders can lower the score and the loss together;
 * measure that with {@link #evading} before trusting it. It never replaces the robust encoder,
 * which is what should answer.
 *
 * <p>Doesn't own the encoders. Safe for use from many threads, as far as they are.
 */
public final class InputGuard {

  private static final int BATCH = 64;

  private final ImageEncoder original;

  private final ImageEncoder robust;
  private final double threshold;

  private InputGuard(ImageEncoder original, ImageEncoder robust, double threshold) {
    checkArgument(
        original.embeddingSize() == robust.embeddingSize(),
        "the encoders' embeddings must be comparable, got %s and %s numbers",
        original.embeddingSize(),
        robust.embeddingSize());
    checkArgument(
        original.device().equals(robust.device()),
        "the encoders must be on one device, got %s and %s",
        original.device(),
        robust.device());
    this.original = original;
    this.robust = robust;
    this.threshold = threshold;
  }

  /**
   * A guard with a known threshold.
   *
   * @param threshold scores above it are suspicious
   */
  public static InputGuard of(ImageEncoder original, ImageEncoder robust, double threshold) {
    return new InputGuard(original, robust, threshold);
  }

  /**
   * A guard that raises an alarm for at most a given share of clean images.
   *
   * @param clean images as the application usually gets them; the encoders must not have been
   *     trained on them
   * @param falseAlarmRate the share of clean images that may raise an alarm, in (0,1)
   * @throws IllegalArgumentException if there are too few images for so small a rate
   * @throws java.io.UncheckedIOException if an image can't be read
   */
  public static InputGuard calibrate(
      ImageEncoder original, ImageEncoder robust, ImageDataset clean, double falseAlarmRate) {
    InputGuard unset = new InputGuard(original, robust, Double.POSITIVE_INFINITY);
    ImageReader reader = new ImageReader(clean, robust.imageSize(), 0);
    List<Double> scores = new ArrayList<>();
    try (NDManager manager = NDManager.newBaseManager(robust.device(), "PyTorch")) {
      for (List<Integer> images : reader.batches(BATCH)) {
        try (TensorScope scope = TensorScope.of(manager)) {
          for (double score : unset.scoresOf(reader.pixels(images, scope.manager()))) {
            scores.add(score);
          }
        }
      }
    }
    double[] all = scores.stream().mapToDouble(Double::doubleValue).toArray();
    return new InputGuard(original, robust, Detection.threshold(all, falseAlarmRate));
  }

  /** Scores above it are suspicious. */
  public double threshold() {
    return threshold;
  }

  /**
   * How differently the encoders see images: one minus the cosine of their embeddings.
   *
   * @param pixels {@code [N,3,H,W]} float32 in [0,1]
   * @return {@code [N]} in [0,2], recorded for autograd where the calling thread records
   */
  public NDArray scores(NDArray pixels) {
    try (NDArray before = original.embed(pixels);
        NDArray after = robust.embed(pixels);
        NDArray cosines = Cosine.between(before, after);
        NDArray negative = cosines.neg()) {
      return Autograd.plus(negative, 1);
    }
  }

  private double[] scoresOf(NDArray pixels) {
    try (GradMode off = GradMode.noGrad();
        TensorScope scope = TensorScope.of(pixels)) {
      float[] scores = Host.floats(scores(scope.view(pixels)));
      double[] wide = new double[scores.length];
      for (int i = 0; i < wide.length; i++) {
        wide[i] = scores[i];
      }
      return wide;
    }
  }

  /**
   * Whether images are suspicious; one whose score is not a number is.
   *
   * @param pixels {@code [N,3,H,W]} float32 in [0,1]
   * @return one answer an image
   */
  public boolean[] isSuspicious(NDArray pixels) {
    double[] scores = scoresOf(pixels);
    boolean[] suspicious = new boolean[scores.length];
    for (int i = 0; i < scores.length; i++) {
      suspicious[i] = !(scores[i] <= threshold);
    }
    return suspicious;
  }

  /**
   * What an attacker climbs who knows the guard: the objective minus what the score exceeds the
   * threshold by. Success is success of the objective without an alarm.
   *
   * @param objective the attack without a guard
   * @param weight how much a score above the threshold counts against the objective's loss, for
   *     example 100 where the loss is a cross-entropy; try several
   */
  public Objective evading(Objective objective, double weight) {
    checkArgument(
        weight > 0 && Double.isFinite(weight),
        "weight must be positive and finite, got %s",
        weight);
    return objective instanceof SelectableObjective selectable
        ? new SelectableEvasion(this, selectable, weight)
        : new Evasion(this, objective, weight);
  }
}
