package dev.fare.evaluation.retrieval;

import static com.google.common.base.Preconditions.checkArgument;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.fare.Classifier;
import dev.fare.Cosine;
import dev.fare.ImageEncoder;
import dev.fare.evaluation.Embeddings;
import dev.fare.torch.Autograd;
import java.util.ArrayList;
import java.util.List;

/**
 * Texts and the images they belong to.
 *
 * <p>Which text an image finds first is a classification: class i is "one of image i's texts", its
 * logit the best cosine among them. So attacks on classifiers attack retrieval.
 */
final class RetrievalTexts {

  private final float[][] embeddings;

  private final int[] imageOfText;
  private final List<List<Integer>> textsOfImage;

  RetrievalTexts(NDArray embeddings, int[] imageOfText, int images) {
    checkArgument(
        embeddings.getShape().dimension() == 2
            && embeddings.getShape().get(0) == imageOfText.length,
        "there must be one text embedding for each of the %s entries of imageOfText, got %s",
        imageOfText.length,
        embeddings.getShape());
    this.embeddings = Embeddings.rows(embeddings);
    this.imageOfText = imageOfText.clone();
    textsOfImage = new ArrayList<>();
    for (int image = 0; image < images; image++) {
      textsOfImage.add(new ArrayList<>());
    }
    for (int text = 0; text < imageOfText.length; text++) {
      checkArgument(
          imageOfText[text] >= 0 && imageOfText[text] < images,
          "text %s belongs to image %s, but there are %s images",
          text,
          imageOfText[text],
          images);
      textsOfImage.get(imageOfText[text]).add(text);
    }
    for (int image = 0; image < images; image++) {
      checkArgument(!textsOfImage.get(image).isEmpty(), "image %s has no text", image);
    }
  }

  int size() {
    return imageOfText.length;
  }

  /**
   * Class i is "one of image i's texts".
   *
   * @param scale what cosines are multiplied with
   */
  Classifier classifier(ImageEncoder encoder, double scale, NDManager manager) {
    int most = textsOfImage.stream().mapToInt(List::size).max().orElseThrow();
    float[][] padded = new float[textsOfImage.size() * most][];
    for (int image = 0; image < textsOfImage.size(); image++) {
      List<Integer> own = textsOfImage.get(image);
      for (int i = 0; i < most; i++) {
        padded[image * most + i] = embeddings[own.get(Math.min(i, own.size() - 1))];
      }
    }
    NDArray columns =
        Cosine.normalize(Embeddings.onDevice(padded, manager)).transpose(); // [D, I·most]
    return pixels -> {
      NDArray cosines = Cosine.normalize(encoder.embed(pixels)).matMul(columns);
      return Autograd.scaled(cosines, scale)
          .reshape(-1, textsOfImage.size(), most)
          .max(new int[] {2});
    };
  }

  /** Both recalls of images at these embeddings. */
  RetrievalResult.Directions recall(float[][] images, List<Integer> ks) {
    double[][] cosines = new double[images.length][size()];
    for (int image = 0; image < images.length; image++) {
      for (int text = 0; text < size(); text++) {
        cosines[image][text] = Cosine.between(images[image], embeddings[text]);
      }
    }
    return new RetrievalResult.Directions(
        Recall.of(textRanks(cosines), ks), Recall.of(imageRanks(cosines), ks));
  }

  /** For each image the rank of its best text. */
  private int[] textRanks(double[][] cosines) {
    int[] ranks = new int[cosines.length];
    for (int image = 0; image < ranks.length; image++) {
      double own = Double.NEGATIVE_INFINITY;
      for (int text : textsOfImage.get(image)) {
        own = Math.max(own, cosines[image][text]); // NaN stays NaN
      }
      int rank = 1;
      for (int text = 0; text < size(); text++) {
        rank += imageOfText[text] != image && !(own > cosines[image][text]) ? 1 : 0;
      }
      ranks[image] = rank;
    }
    return ranks;
  }

  /** For each text the rank of its image. */
  private int[] imageRanks(double[][] cosines) {
    int[] ranks = new int[size()];
    for (int text = 0; text < ranks.length; text++) {
      double own = cosines[imageOfText[text]][text];
      int rank = 1;
      for (int image = 0; image < cosines.length; image++) {
        rank += image != imageOfText[text] && !(own > cosines[image][text]) ? 1 : 0;
      }
      ranks[text] = rank;
    }
    return ranks;
  }
}
