package dev.fare.evaluation.audit;

import dev.fare.Classifier;
import dev.fare.models.ClipModel;
import dev.fare.models.ZeroShotClassifier;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;

/** A zero-shot classifier for each CLIP of an audit. */
final class Classifiers implements AutoCloseable {

  private final Encoders encoders;
  private final Map<String, ZeroShotClassifier> classifiers = new LinkedHashMap<>();

  private Classifiers(Encoders encoders) {
    this.encoders = encoders;
  }

  /**
   * Classifiers of images of one size.
   *
   * @param names of the classes
   * @param templates sentences in which <code>{}</code> stands for the name
   */
  static Classifiers of(LoadedModels models, List<String> names, List<String> templates, int side) {
    Classifiers made = new Classifiers(Encoders.of(models, side));
    for (Map.Entry<String, ClipModel> model : models.models().entrySet()) {
      try (ZeroShotClassifier plain = model.getValue().zeroShotClassifier(names, templates)) {
        made.classifiers.put(
            model.getKey(), plain.withImageEncoder(made.encoders.get(model.getKey())));
      }
    }
    return made;
  }

  void forEach(BiConsumer<String, Classifier> action) {
    classifiers.forEach(action);
  }

  @Override
  public void close() {
    classifiers.values().forEach(ZeroShotClassifier::close);
    encoders.close();
  }
}
