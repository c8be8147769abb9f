package dev.fare.examples.recipes;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.Cosine;
import dev.fare.models.text.TextTransformer;
import dev.fare.models.vision.VisionTower;
import dev.fare.torch.Autograd;
import dev.fare.torch.GradMode;
import dev.fare.torch.TensorScope;
import dev.fare.training.optimizer.Optimizer;
import dev.fare.training.optimizer.UpdateRule;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * CLIP's contrastive training (Radford et al., 2021, section 2.3): pictures and their names are
 * drawn together, pictures and other names apart.
 *
 * <p>A batch may show one concept several times: its pictures then share one text, and the text's
 * target is spread evenly over them.
 */
public final class ContrastiveTrainer implements AutoCloseable {

  private static final double WEIGHT_DECAY = 0.1;
  private static final float LARGEST_LOGIT_SCALE = (float) Math.log(100);

  private final VisionTower vision;
  private final TextTransformer text;
  private final NDArray logitScale;
  private final Map<String, NDArray> decayed = new LinkedHashMap<>();
  private final Map<String, NDArray> undecayed = new LinkedHashMap<>();
  private final UpdateRule matrices;
  private final UpdateRule vectors;

  /** Prepares to train weights, whose owner stays the caller. */
  public ContrastiveTrainer(ClipWeights weights) {
    vision = weights.vision();
    text = weights.text();
    logitScale = weights.logitScale();
    Map<String, NDArray> all = new LinkedHashMap<>(vision.parameters());
    all.putAll(text.parameters());
    all.put("logit_scale", logitScale);
    all.forEach(
        (name, weight) -> {
          weight.setRequiresGradient(true);
          (weight.getShape().dimension() < 2 ? undecayed : decayed).put(name, weight);
        });
    matrices = Optimizer.adamW().on(decayed, WEIGHT_DECAY);
    vectors = Optimizer.adamW().on(undecayed, 0);
  }

  /**
   * One update.
   *
   * @param images {@code [N,3,S,S]} as a flat array
   * @param texts token ids, one row a text
   * @param textOfImage for each image the row of its text
   * @return the mean of both directions' cross-entropies
   */
  public float step(float[] images, long[][] texts, int[] textOfImage, double learningRate) {
    int size = vision.config().imageSize();
    try (TensorScope scope = TensorScope.of(logitScale)) {
      NDArray pixels = scope.manager().create(images, new Shape(textOfImage.length, 3, size, size));
      return step(pixels, texts, textOfImage, learningRate);
    }
  }

  /**
   * One update.
   *
   * @param pixels {@code [N,3,S,S]}, owned by the caller
   * @param texts token ids, one row a text
   * @param textOfImage for each image the row of its text
   * @return the mean of both directions' cross-entropies
   */
  public float step(NDArray pixels, long[][] texts, int[] textOfImage, double learningRate) {
    int count = textOfImage.length;
    try (TensorScope scope = TensorScope.of(logitScale);
        GradMode on = GradMode.enableGrad()) {
      NDManager manager = scope.manager();
      NDArray pictures = Cosine.normalize(vision.embed(pixels)); // [N,D]
      NDArray names = Cosine.normalize(text.embed(manager.create(texts))); // [M,D]
      NDArray logits = pictures.matMul(names.transpose()).mul(logitScale.exp()); // [N,M]
      NDArray shown = manager.create(shown(textOfImage, texts.length)); // [N,M]
      NDArray toText = Autograd.scaled(logits.logSoftmax(1).mul(shown).sum(), -1.0 / count);
      NDArray share = shown.div(shown.sum(new int[] {0}, true));
      NDArray toImage = Autograd.scaled(logits.logSoftmax(0).mul(share).sum(), -1.0 / texts.length);
      NDArray loss = Autograd.scaled(toText.add(toImage), 0.5);
      List<NDArray> weights = new ArrayList<>(decayed.values());
      weights.addAll(undecayed.values());
      NDList gradients = Autograd.gradients(loss, weights);
      matrices.step(gradients.subList(0, decayed.size()), learningRate);
      vectors.step(gradients.subList(decayed.size(), gradients.size()), learningRate);
      try (GradMode off = GradMode.noGrad()) {
        logitScale.set(new float[] {Math.min(logitScale.getFloat(), LARGEST_LOGIT_SCALE)});
      }
      return loss.getFloat();
    }
  }

  private static float[][] shown(int[] textOfImage, int texts) {
    float[][] shown = new float[textOfImage.length][texts];
    for (int i = 0; i < textOfImage.length; i++) {
      shown[i][textOfImage[i]] = 1;
    }
    return shown;
  }

  /**
   * Where the right name ranks among all names, 0 for the first.
   *
   * @param images {@code [N,3,S,S]} as a flat array
   * @param labels rows of {@code texts}
   */
  int[] ranks(float[] images, int[] labels, long[][] texts) {
    int size = vision.config().imageSize();
    int valuesPerImage = 3 * size * size;
    int[] ranks = new int[labels.length];
    try (TensorScope scope = TensorScope.of(logitScale);
        GradMode off = GradMode.noGrad()) {
      NDArray names = Cosine.normalize(text.embed(scope.manager().create(texts))).transpose();
      for (int from = 0; from < labels.length; from += 128) {
        int count = Math.min(128, labels.length - from);
        float[] part = new float[count * valuesPerImage];
        System.arraycopy(images, from * valuesPerImage, part, 0, part.length);
        NDArray pixels = scope.manager().create(part, new Shape(count, 3, size, size));
        float[] scores = Cosine.normalize(vision.embed(pixels)).matMul(names).toFloatArray();
        for (int i = 0; i < count; i++) {
          float right = scores[i * texts.length + labels[from + i]];
          for (int j = 0; j < texts.length; j++) {
            if (scores[i * texts.length + j] > right) {
              ranks[from + i]++;
            }
          }
        }
      }
    }
    return ranks;
  }

  @Override
  public void close() {
    matrices.close();
    vectors.close();
  }
}
