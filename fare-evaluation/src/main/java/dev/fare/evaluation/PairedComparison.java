package dev.fare.evaluation;

import static com.google.common.base.Preconditions.checkArgument;

import dev.fare.ThreatModel;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * Two models on the same images, paired by image: a sharper comparison than that of two accuracies,
 * because an image that is easy or hard for both says nothing.
 *
 * @param first the first model's name
 * @param second the second model's name
 * @param both images that both get right
 * @param onlyFirst images that only the first gets right
 * @param onlySecond images that only the second gets right
 * @param neither images that both get wrong
 */
public record PairedComparison(
    String first, String second, int both, int onlyFirst, int onlySecond, int neither) {

  /** Checks the counts. */
  public PairedComparison {
    checkArgument(
        both >= 0 && onlyFirst >= 0 && onlySecond >= 0 && neither >= 0, "counts can't be negative");
  }

  /** Compares accuracy without an attack. */
  public static PairedComparison clean(EvaluationReport report, String first, String second) {
    return of(
        report,
        first,
        second,
        isRight(report, List.of(report.model(first).cleanPredictions())),
        isRight(report, List.of(report.model(second).cleanPredictions())));
  }

  /** Compares the worst case over the attacks under a threat model. */
  public static PairedComparison under(
      ThreatModel threatModel, EvaluationReport report, String first, String second) {
    return of(
        report,
        first,
        second,
        isRight(report, attacked(report.model(first), threatModel)),
        isRight(report, attacked(report.model(second), threatModel)));
  }

  private static List<List<Integer>> attacked(ModelResult model, ThreatModel threatModel) {
    return model.under(threatModel).attacks().stream().map(AttackOutcome::predictions).toList();
  }

  private static IntPredicate isRight(EvaluationReport report, List<List<Integer>> predictions) {
    return image ->
        predictions.stream().allMatch(each -> each.get(image).equals(report.labels().get(image)));
  }

  private static PairedComparison of(
      EvaluationReport report,
      String first,
      String second,
      IntPredicate firstRight,
      IntPredicate secondRight) {
    int[] counts = new int[4];
    IntStream.range(0, report.size())
        .forEach(
            image ->
                counts[(firstRight.test(image) ? 0 : 2) + (secondRight.test(image) ? 0 : 1)]++);
    return new PairedComparison(first, second, counts[0], counts[1], counts[2], counts[3]);
  }

  /** By how much the second model's accuracy is higher, in [−1,1]. */
  public double difference() {
    return (double) (onlySecond - onlyFirst) / (both + onlyFirst + onlySecond + neither);
  }

  /**
   * McNemar's exact test, two-sided: how probable so uneven a split of the images on which the
   * models differ is, if neither were better. Small values speak for a real difference.
   *
   * @return in (0,1]; 1 where the models differ on no image
   */
  public double pValue() {
    int differ = onlyFirst + onlySecond;
    int fewer = Math.min(onlyFirst, onlySecond);
    double term = -differ * Math.log(2); // log of the binomial probability of 0 of n at one half
    double tail = 0;
    for (int i = 0; i <= fewer; i++) {
      tail += Math.exp(term);
      term += Math.log(differ - i) - Math.log(i + 1);
    }
    return Math.min(1, 2 * tail);
  }
}
