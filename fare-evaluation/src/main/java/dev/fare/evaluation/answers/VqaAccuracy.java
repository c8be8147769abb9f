package dev.fare.evaluation.answers;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.List;

/**
 * The accuracy of the VQA challenge (Antol et al., 2015): an answer is right where three people
 * gave it, and a third of that for each person less; averaged over leaving out each person once.
 */
public final class VqaAccuracy {

  /** So many people make an answer wholly right. */
  private static final double ENOUGH = 3;

  private VqaAccuracy() {}

  /**
   * The accuracy of an answer, from 0 to 1. Answer and references are normalised as the challenge's
   * evaluation does: case, punctuation, articles, numbers in words, contractions.
   *
   * @param references people's answers, ten in the challenge
   */
  public static double of(String answer, List<String> references) {
    checkArgument(!references.isEmpty(), "there must be people's answers, got none");
    String ours = VqaNormalization.normalize(answer);
    List<String> theirs = references.stream().map(VqaNormalization::normalize).toList();
    long matching = theirs.stream().filter(ours::equals).count();
    double sum = 0;
    for (String leftOut : theirs) {
      long others = matching - (leftOut.equals(ours) ? 1 : 0);
      sum += Math.min(1, others / ENOUGH);
    }
    return sum / theirs.size();
  }
}
