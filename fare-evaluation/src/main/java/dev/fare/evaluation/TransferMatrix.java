package dev.fare.evaluation;

import dev.fare.ThreatModel;
import dev.fare.evaluation.statistics.Accuracy;
import java.util.List;

/**
 * Images that were made against one model, shown to the others.
 *
 * @param dataSet the data set's name
 * @param attack the attack's name
 * @param threatModel what it was allowed to do
 * @param models names of the models
 * @param accuracies a row for each model that the images were made against, in it a column for each
 *     model that they were shown to; the diagonal is the plain attack
 */
public record TransferMatrix(
    String dataSet,
    String attack,
    ThreatModel threatModel,
    List<String> models,
    List<List<Accuracy>> accuracies) {

  /** Copies the lists. */
  public TransferMatrix {
    models = List.copyOf(models);
    accuracies = accuracies.stream().map(List::copyOf).toList();
  }

  /**
   * The accuracy of one model on images made against another.
   *
   * @throws IllegalArgumentException if a model is not part of the matrix
   */
  public Accuracy accuracy(String madeAgainst, String shownTo) {
    return accuracies.get(index(madeAgainst)).get(index(shownTo));
  }

  private int index(String model) {
    int index = models.indexOf(model);
    if (index < 0) {
      throw new IllegalArgumentException(
          "there is no model %s; there are %s".formatted(model, models));
    }
    return index;
  }
}
