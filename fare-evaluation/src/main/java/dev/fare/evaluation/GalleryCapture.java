package dev.fare.evaluation;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.google.common.collect.Lists;
import dev.fare.ThreatModel;
import dev.fare.data.ImageDataset;
import dev.fare.torch.TensorScope;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** Attacks a few images and keeps the pictures with every model's view of them. */
final class GalleryCapture {

  private static final int TOP = 3;

  private final RobustnessEvaluation evaluation;
  private final EvaluationAttack attack;
  private final ThreatModel threatModel;
  private final NDManager manager;
  private final LabelledImages reader;
  private final List<String> classNames;

  GalleryCapture(
      RobustnessEvaluation evaluation,
      ImageDataset data,
      EvaluationAttack attack,
      ThreatModel threatModel,
      NDManager manager) {
    this.evaluation = evaluation;
    this.attack = attack;
    this.threatModel = threatModel;
    this.manager = manager;
    this.reader = new LabelledImages(evaluation.plan().images(data));
    this.classNames = data.classNames();
  }

  List<GalleryEntry> capture(List<Integer> images) {
    List<GalleryEntry> entries = new ArrayList<>();
    for (List<Integer> batch : Lists.partition(images, evaluation.plan().batchSize())) {
      List<List<GalleryEntry>> byModel =
          evaluation.models().stream().map(model -> capture(batch, model)).toList();
      for (int row = 0; row < batch.size(); row++) {
        int index = row;
        byModel.forEach(all -> entries.add(all.get(index)));
      }
    }
    return entries;
  }

  private List<GalleryEntry> capture(List<Integer> images, NamedClassifier attacked) {
    try (TensorScope scope = TensorScope.of(manager)) {
      LabelledBatch batch = reader.read(images, scope.manager());
      NDArray found = attack.run(threatModel, attacked.classifier(), batch).images();
      List<float[][]> clean = logits(batch.pixels());
      List<float[][]> adversarial = logits(found);
      List<Picture> before = Picture.ofPixels(batch.pixels());
      List<Picture> after = Picture.ofPixels(found);
      return IntStream.range(0, images.size())
          .mapToObj(
              row -> {
                int label = reader.label(images.get(row));
                return new GalleryEntry(
                    images.get(row),
                    label,
                    name(label),
                    attacked.name(),
                    attack.name(),
                    threatModel,
                    before.get(row),
                    after.get(row),
                    views(row, clean, adversarial));
              })
          .toList();
    }
  }

  private List<float[][]> logits(NDArray pixels) {
    return evaluation.models().stream()
        .map(model -> Logits.of(model.classifier(), pixels))
        .toList();
  }

  private List<ModelView> views(int row, List<float[][]> clean, List<float[][]> adversarial) {
    return IntStream.range(0, clean.size())
        .mapToObj(
            i ->
                new ModelView(
                    evaluation.models().get(i).name(),
                    best(clean.get(i)[row]),
                    best(adversarial.get(i)[row])))
        .toList();
  }

  private List<Prediction> best(float[] logits) {
    double[] probabilities = Logits.probabilities(logits);
    return IntStream.range(0, logits.length)
        .mapToObj(label -> new Prediction(label, name(label), probabilities[label]))
        .sorted(Comparator.comparingDouble(Prediction::probability).reversed())
        .limit(TOP)
        .toList();
  }

  private String name(int label) {
    return label < classNames.size() ? classNames.get(label) : "class " + label;
  }
}
