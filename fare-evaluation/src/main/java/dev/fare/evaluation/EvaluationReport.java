package dev.fare.evaluation;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Models compared on one data set.
 *
 * @param dataSet the data set's name in the report
 * @param data what the images are: origin, number, fingerprint
 * @param classNames names of the classes
 * @param labels the right class of each image
 * @param settings what a reader needs to repeat the evaluation, by name
 * @param models one result a model, in the order they were given
 */
public record EvaluationReport(
    String dataSet,
    String data,
    List<String> classNames,
    List<Integer> labels,
    Map<String, String> settings,
    List<ModelResult> models) {

  /** Copies the collections. */
  public EvaluationReport {
    classNames = List.copyOf(classNames);
    labels = List.copyOf(labels);
    settings = ImmutableMap.copyOf(settings);
    models = List.copyOf(models);
  }

  /** The number of images. */
  public int size() {
    return labels.size();
  }

  /**
   * The result of one model.
   *
   * @throws IllegalArgumentException if there is no model of that name
   */
  public ModelResult model(String name) {
    return models.stream()
        .filter(result -> result.model().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "there is no model %s; there are %s"
                        .formatted(name, models.stream().map(ModelResult::model).toList())));
  }

  /**
   * This report with the models of another one, made at another time on the same data.
   *
   * @throws IllegalArgumentException if the other is about other images or other settings
   */
  public EvaluationReport with(EvaluationReport other) {
    checkArgument(
        data.equals(other.data) && labels.equals(other.labels),
        "reports can be joined where the images are the same, got %s and %s",
        data,
        other.data);
    checkArgument(
        settings.equals(other.settings),
        "reports can be joined where the settings are the same, got %s and %s",
        settings,
        other.settings);
    List<ModelResult> all = Stream.concat(models.stream(), other.models.stream()).toList();
    return new EvaluationReport(dataSet, data, classNames, labels, settings, all);
  }

  /**
   * Images that every model gets right without an attack, for a gallery.
   *
   * @param count how many at most
   * @return indices, spread evenly over the data set and over the classes
   */
  public List<Integer> rightForAll(int count) {
    Map<Integer, Integer> firstOfClass = new LinkedHashMap<>();
    for (int image = 0; image < size(); image++) {
      int index = image;
      if (models.stream()
          .allMatch(model -> model.cleanPredictions().get(index).equals(labels.get(index)))) {
        firstOfClass.putIfAbsent(labels.get(image), image);
      }
    }
    List<Integer> candidates = List.copyOf(firstOfClass.values());
    int chosen = Math.min(count, candidates.size());
    return IntStream.range(0, chosen)
        .mapToObj(i -> candidates.get((int) ((long) i * candidates.size() / chosen)))
        .toList();
  }
}
