package dev.fare.evaluation.answers;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * CIDEr-D (Vedantam et al., 2015) as coco-caption computes it under the name CIDEr: how much of a
 * caption's words, weighted by how rarely people write them, is in people's captions of the image.
 *
 * <p>N-grams of one to four words; weights from how many of the images have the n-gram in their
 * references; counts clipped to the reference's; a Gaussian penalty of width 6 on the difference in
 * length; the mean over references and n, times ten. Papers print it times 100. The score of a
 * caption depends on the set of images that the references are of; of one image alone it is 0.
 */
public final class Cider {

  private static final int LONGEST = 4;
  private static final double SIGMA = 6;
  private static final double SCALE = 10;

  /** The weighted n-grams of a caption, by length, with the length of each vector. */
  private record Weighted(List<Map<List<String>, Double>> vectors, double[] norms, int bigrams) {}

  private final Map<String, List<Weighted>> references = new LinkedHashMap<>();
  private final Map<List<String>, Integer> imagesWith = new HashMap<>();
  private final double logImages;

  /**
   * Counts the words of the references.
   *
   * @param references people's captions by image, at least one for each
   */
  public Cider(Map<String, List<String>> references) {
    checkArgument(!references.isEmpty(), "there must be references, got none");
    logImages = Math.log(references.size());
    for (Map.Entry<String, List<String>> image : references.entrySet()) {
      checkArgument(
          !image.getValue().isEmpty(), "image %s must have a reference, got none", image.getKey());
      Set<List<String>> seen = new HashSet<>();
      image.getValue().forEach(caption -> seen.addAll(counts(caption).keySet()));
      seen.forEach(ngram -> imagesWith.merge(ngram, 1, Integer::sum));
    }
    references.forEach(
        (image, captions) ->
            this.references.put(image, captions.stream().map(this::weighted).toList()));
  }

  /**
   * The score of a caption, from 0 to 10.
   *
   * @throws IllegalArgumentException if the image has no references here
   */
  public double score(String image, String caption) {
    List<Weighted> ofImage = references.get(image);
    if (ofImage == null) {
      throw new IllegalArgumentException("there are no references for image " + image);
    }
    Weighted candidate = weighted(caption);
    double sum = 0;
    for (Weighted reference : ofImage) {
      sum += similarity(candidate, reference);
    }
    return SCALE * sum / ofImage.size();
  }

  /** The mean score of captions by image. */
  public double mean(Map<String, String> captions) {
    checkArgument(!captions.isEmpty(), "there must be captions, got none");
    return captions.entrySet().stream()
        .mapToDouble(caption -> score(caption.getKey(), caption.getValue()))
        .average()
        .orElseThrow();
  }

  private static Map<List<String>, Integer> counts(String caption) {
    List<String> words = CaptionTokenizer.words(caption);
    Map<List<String>, Integer> counts = new HashMap<>();
    for (int n = 1; n <= LONGEST; n++) {
      for (int from = 0; from + n <= words.size(); from++) {
        counts.merge(List.copyOf(words.subList(from, from + n)), 1, Integer::sum);
      }
    }
    return counts;
  }

  private Weighted weighted(String caption) {
    List<Map<List<String>, Double>> vectors = new ArrayList<>();
    for (int n = 0; n < LONGEST; n++) {
      vectors.add(new HashMap<>());
    }
    double[] squares = new double[LONGEST];
    int bigrams = 0;
    for (Map.Entry<List<String>, Integer> entry : counts(caption).entrySet()) {
      int n = entry.getKey().size() - 1;
      double rarity = logImages - Math.log(Math.max(1, imagesWith.getOrDefault(entry.getKey(), 0)));
      double weight = entry.getValue() * rarity;
      vectors.get(n).put(entry.getKey(), weight);
      squares[n] += weight * weight;
      // the reference implementation measures the length of a caption in pairs of words
      bigrams += n == 1 ? entry.getValue() : 0;
    }
    double[] norms = new double[LONGEST];
    for (int n = 0; n < LONGEST; n++) {
      norms[n] = Math.sqrt(squares[n]);
    }
    return new Weighted(vectors, norms, bigrams);
  }

  private static double similarity(Weighted candidate, Weighted reference) {
    double difference = candidate.bigrams() - reference.bigrams();
    double penalty = Math.exp(-difference * difference / (2 * SIGMA * SIGMA));
    double sum = 0;
    for (int n = 0; n < LONGEST; n++) {
      Map<List<String>, Double> theirs = reference.vectors().get(n);
      double product = 0;
      for (Map.Entry<List<String>, Double> ours : candidate.vectors().get(n).entrySet()) {
        double weight = theirs.getOrDefault(ours.getKey(), 0.0);
        product += Math.min(ours.getValue(), weight) * weight;
      }
      double norms = candidate.norms()[n] * reference.norms()[n];
      sum += norms == 0 ? product : product / norms;
    }
    return penalty * sum / LONGEST;
  }
}
