package dev.fare.evaluation.answers;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.base.Splitter;
import com.google.common.collect.ImmutableSet;
import java.util.List;
import java.util.Set;

/**
 * POPE (Li et al., 2023): whether a model sees what is not there, asked with yes and no.
 *
 * @param truePositives answers yes to what is there
 * @param falsePositives answers yes to what is not there
 * @param trueNegatives answers no to what is not there
 * @param falseNegatives answers no to what is there
 */
public record PopeReport(
    int truePositives, int falsePositives, int trueNegatives, int falseNegatives) {

  private static final Set<String> NO = ImmutableSet.of("No", "not", "no");

  /**
   * Counts answers.
   *
   * @param answers in the model's words: one whose first sentence has the word no or not means no,
   *     any other means yes
   * @param isThere what would have been right
   */
  public static PopeReport of(List<String> answers, List<Boolean> isThere) {
    checkArgument(
        answers.size() == isThere.size() && !answers.isEmpty(),
        "there must be one label for each answer and at least one, got %s answers and %s labels",
        answers.size(),
        isThere.size());
    int[] counts = new int[4];
    for (int i = 0; i < answers.size(); i++) {
      boolean yes = meansYes(answers.get(i));
      counts[yes ? (isThere.get(i) ? 0 : 1) : (isThere.get(i) ? 3 : 2)]++;
    }
    return new PopeReport(counts[0], counts[1], counts[2], counts[3]);
  }

  private static boolean meansYes(String answer) {
    int end = answer.indexOf('.');
    String sentence = (end < 0 ? answer : answer.substring(0, end)).replace(",", "");
    return Splitter.on(' ').splitToStream(sentence).noneMatch(NO::contains);
  }

  private int all() {
    return truePositives + falsePositives + trueNegatives + falseNegatives;
  }

  private static double share(int part, int whole) {
    return whole == 0 ? 0 : part / (double) whole;
  }

  /** The share of right answers. */
  public double accuracy() {
    return share(truePositives + trueNegatives, all());
  }

  /** How many of the answers yes are right; 0 where there is none. */
  public double precision() {
    return share(truePositives, truePositives + falsePositives);
  }

  /** How much of what is there is seen; 0 where nothing is. */
  public double recall() {
    return share(truePositives, truePositives + falseNegatives);
  }

  /** The harmonic mean of precision and recall; 0 where both are. */
  public double f1() {
    return share(2 * truePositives, 2 * truePositives + falsePositives + falseNegatives);
  }

  /** The share of answers yes. */
  public double yesRatio() {
    return share(truePositives + falsePositives, all());
  }
}
