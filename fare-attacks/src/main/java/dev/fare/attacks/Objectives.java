package dev.fare.attacks;

import ai.djl.ndarray.NDArray;
import dev.fare.Classifier;
import dev.fare.EmbeddingDistance;
import dev.fare.EmbeddingMetric;
import dev.fare.ImageEncoder;
import dev.fare.SelectableObjective;
import dev.fare.attacks.objective.ClassificationLoss;
import dev.fare.attacks.objective.ClassificationObjective;
import dev.fare.attacks.objective.LabelObjective;
import dev.fare.torch.Autograd;
import dev.fare.torch.GradMode;
import dev.fare.torch.TensorScope;

/**
 * The objectives of the literature.
 *
 * <p>Each is made for one batch: row i of its labels or reference embeddings is about image i. They
 * use the arrays they are given, so those must stay open as long as the objective is used.
 */
public final class Objectives {

  private Objectives() {}

  /**
   * The squared distance of the embedding to where the encoder puts the clean image: FARE's inner
   * problem.
   *
   * @param encoder the encoder under attack; it embeds the clean images once, here
   * @param cleanPixels {@code [N,3,H,W]} float32 in [0,1]
   */
  public static SelectableObjective embeddingShift(ImageEncoder encoder, NDArray cleanPixels) {
    // recorded as an attack's passes are: others round differently, and the distance is not zero
    // then
    try (GradMode on = GradMode.enableGrad();
        TensorScope scope = TensorScope.of(cleanPixels)) {
      NDArray variable = Autograd.leaf(cleanPixels);
      variable.attach(scope.manager());
      NDArray reference = encoder.embed(variable).stopGradient();
      return embeddingDistance(encoder, scope.keep(reference, cleanPixels.getManager()));
    }
  }

  /**
   * The squared distance of the embedding to a given one, summed over dimensions.
   *
   * @param encoder the encoder under attack
   * @param referenceEmbeddings {@code [N,D]}, for example the frozen original's, not normalised
   */
  public static SelectableObjective embeddingDistance(
      ImageEncoder encoder, NDArray referenceEmbeddings) {
    return embeddingDistance(encoder, referenceEmbeddings, EmbeddingMetric.SQUARED_L2);
  }

  /**
   * The distance of the embedding to a given one.
   *
   * @param encoder the encoder under attack
   * @param referenceEmbeddings {@code [N,D]}
   * @param metric how to measure
   */
  public static SelectableObjective embeddingDistance(
      ImageEncoder encoder, NDArray referenceEmbeddings, EmbeddingMetric metric) {
    return new EmbeddingDistance(encoder, metric, referenceEmbeddings);
  }

  /**
   * The cross-entropy of the right class; success is any other class.
   *
   * @param labels {@code [N]} int64 or int32, from 0
   */
  public static ClassificationObjective crossEntropy(Classifier classifier, NDArray labels) {
    return new LabelObjective(classifier, ClassificationLoss.CROSS_ENTROPY, labels);
  }

  /**
   * The difference of logits ratio (Croce &amp; Hein, 2020, equation 6), which does not depend on
   * the scale of the logits; success is any other class. With two classes, where the ratio is
   * constant, the plain difference.
   *
   * @param labels {@code [N]} int64 or int32, from 0
   */
  public static ClassificationObjective dlr(Classifier classifier, NDArray labels) {
    return new LabelObjective(classifier, ClassificationLoss.DLR, labels);
  }

  /**
   * The targeted difference of logits ratio (Croce &amp; Hein, 2020, equation 7); success is any
   * class but the right one. With three classes the third logit stands for the missing fourth, with
   * two the plain difference is used.
   *
   * @param labels {@code [N]} int64 or int32, from 0
   * @param targets {@code [N]} the wrong class to go for
   */
  public static ClassificationObjective targetedDlr(
      Classifier classifier, NDArray labels, NDArray targets) {
    return new LabelObjective(classifier, ClassificationLoss.TARGETED_DLR, labels, targets);
  }

  /**
   * The negative cross-entropy of a wanted class; success is that class.
   *
   * @param targets {@code [N]} int64 or int32, from 0
   */
  public static ClassificationObjective targetedCrossEntropy(
      Classifier classifier, NDArray targets) {
    return new LabelObjective(classifier, ClassificationLoss.TARGETED_CROSS_ENTROPY, targets);
  }

  /**
   * The highest wrong logit less the right one; what black-box attacks climb.
   *
   * @param labels {@code [N]} int64 or int32, from 0
   */
  public static ClassificationObjective margin(Classifier classifier, NDArray labels) {
    return new LabelObjective(classifier, ClassificationLoss.MARGIN, labels);
  }
}
