package dev.fare.evaluation.report;

import dev.fare.AttackCost;
import dev.fare.ThreatModel;
import dev.fare.evaluation.AttackOutcome;
import dev.fare.evaluation.EvaluationReport;
import dev.fare.evaluation.GalleryEntry;
import dev.fare.evaluation.ModelResult;
import dev.fare.evaluation.ModelView;
import dev.fare.evaluation.Picture;
import dev.fare.evaluation.Prediction;
import dev.fare.evaluation.ThreatResult;
import dev.fare.evaluation.TransferMatrix;
import dev.fare.evaluation.drift.Drift;
import dev.fare.evaluation.drift.DriftReport;
import dev.fare.evaluation.drift.EncoderDrift;
import dev.fare.evaluation.drift.ThreatDrift;
import dev.fare.evaluation.statistics.Accuracy;
import dev.fare.evaluation.statistics.ClassAccuracy;
import dev.fare.evaluation.statistics.Distribution;
import dev.fare.examples.emoji.EmojiBatch;
import dev.fare.examples.emoji.EmojiConcept;
import dev.fare.examples.emoji.EmojiData;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** A full report with invented numbers, for tests of the page alone. */
final class ReportFixture {

  private static final int SIDE = 48;

  private final Random random = new Random(5);
  private final EmojiData data = EmojiData.load();
  private final List<EmojiConcept> concepts = data.pack().concepts();
  private final List<String> names = concepts.stream().map(EmojiConcept::name).toList();
  private final EmojiBatch images = data.testSetA(40).all();

  static ReportModel full() {
    return new ReportFixture().model();
  }

  private ReportModel model() {
    ReportModel.Builder builder =
        ReportModel.builder("FARE on the embedded emoji CLIP")
            .introduction(
                "A small CLIP was fine-tuned for 400 steps against PGD at ε = 4/255, without"
                    + " labels. The numbers on this page are invented.")
            .evaluation(
                evaluation("Test set A", 960, new double[] {.952, .041, .003, .889, .741, .584}),
                "Drawings seen in training, on unseen backgrounds.")
            .evaluation(
                evaluation("Test set B", 760, new double[] {.43, .02, 0, .395, .271, .182}),
                "Drawings of a style in which the concept was never shown.")
            .classGroups(groups())
            .transfer(
                new TransferMatrix(
                    "Test set A",
                    "PGD",
                    ThreatModel.linf(4 / 255.0),
                    List.of("original", "FARE"),
                    List.of(
                        List.of(new Accuracy(3, 960), new Accuracy(838, 960)),
                        List.of(new Accuracy(802, 960), new Accuracy(561, 960)))))
            .drift(
                new DriftReport(
                    "Unlabelled scenes",
                    "200 scenes",
                    Map.of("PGD", "50 steps"),
                    List.of(
                        new EncoderDrift("original", drift(1, 0), List.of(attacked(.12, .08))),
                        new EncoderDrift("FARE", drift(.95, .02), List.of(attacked(.81, .07))))))
            .training(training())
            .gallery(gallery())
            .search(search());
    builder
        .provenance(
            "Weights",
            "Original encoder, SHA-256",
            "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")
        .provenance(
            "Weights",
            "FARE encoder, SHA-256",
            "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752")
        .provenance("Data", "Artwork", "Noto Emoji (Apache-2.0), Twemoji (CC BY 4.0), 480 concepts")
        .provenance("Training", "Attack", "PGD l∞ 4/255, 10 steps, momentum 0.9")
        .provenance("Training", "Seed", 0)
        .provenance("Software", "DJL", "0.35.1, libtorch 2.7.1")
        .provenance("Machine", "Processor", "2 cores, 16 GB");
    return builder.build();
  }

  private Map<String, String> groups() {
    Map<String, String> groups = new LinkedHashMap<>();
    concepts.forEach(concept -> groups.put(concept.name(), concept.category()));
    return groups;
  }

  /** Shares: original clean, 2/255, 4/255; robust clean, 2/255, 4/255. */
  private EvaluationReport evaluation(String name, int size, double[] shares) {
    List<Integer> labels = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      labels.add(i % names.size());
    }
    return new EvaluationReport(
        name,
        size + " rendered scenes",
        names,
        labels,
        Map.of("PGD", "50 steps, seed 0", "APGD-CE", "100 iterations, seed 0"),
        List.of(
            result("original", labels, Arrays.copyOfRange(shares, 0, 3)),
            result("FARE", labels, Arrays.copyOfRange(shares, 3, 6))));
  }

  private ModelResult result(String model, List<Integer> labels, double[] shares) {
    double[] luck = random.doubles(labels.size()).toArray();
    List<ThreatResult> threats = new ArrayList<>();
    for (int i = 1; i < shares.length; i++) {
      List<Integer> predictions = predictions(labels, luck, shares[i]);
      Accuracy accuracy = accuracy(labels, predictions);
      int attacked = accuracy(labels, predictions(labels, luck, shares[i - 1])).correct();
      threats.add(
          new ThreatResult(
              ThreatModel.linf(2 * i / 255.0),
              accuracy,
              byClass(labels, predictions),
              List.of(
                  new AttackOutcome(
                      "PGD",
                      accuracy,
                      attacked,
                      predictions,
                      new AttackCost(50L * attacked, 50L * attacked, 0, 0),
                      11.4),
                  new AttackOutcome(
                      "APGD-CE",
                      accuracy,
                      attacked,
                      predictions,
                      new AttackCost(100L * attacked, 100L * attacked, 0, 0),
                      93.2))));
    }
    List<Integer> clean = predictions(labels, luck, shares[0]);
    return new ModelResult(
        model, accuracy(labels, clean), byClass(labels, clean), clean, threats, 1.2);
  }

  private List<Integer> predictions(List<Integer> labels, double[] luck, double share) {
    double[] sorted = luck.clone();
    Arrays.sort(sorted);
    int right = (int) Math.round(share * luck.length);
    double limit = right == 0 ? -1 : sorted[right - 1];
    List<Integer> predictions = new ArrayList<>();
    for (int i = 0; i < luck.length; i++) {
      int label = labels.get(i);
      predictions.add(luck[i] <= limit ? label : (label + 1) % names.size());
    }
    return predictions;
  }

  private static Accuracy accuracy(List<Integer> labels, List<Integer> predictions) {
    int right = 0;
    for (int i = 0; i < labels.size(); i++) {
      right += labels.get(i).equals(predictions.get(i)) ? 1 : 0;
    }
    return new Accuracy(right, labels.size());
  }

  private List<ClassAccuracy> byClass(List<Integer> labels, List<Integer> predictions) {
    int[][] counts = new int[names.size()][2];
    for (int i = 0; i < labels.size(); i++) {
      counts[labels.get(i)][0] += labels.get(i).equals(predictions.get(i)) ? 1 : 0;
      counts[labels.get(i)][1]++;
    }
    List<ClassAccuracy> classes = new ArrayList<>();
    for (int label = 0; label < counts.length; label++) {
      if (counts[label][1] > 0) {
        classes.add(new ClassAccuracy(label, new Accuracy(counts[label][0], counts[label][1])));
      }
    }
    return classes;
  }

  private ThreatDrift attacked(double mean, double spread) {
    return new ThreatDrift(ThreatModel.linf(4 / 255.0), "PGD", drift(mean, spread));
  }

  private Drift drift(double mean, double spread) {
    List<Double> cosines = new ArrayList<>();
    List<Double> distances = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      double cosine = Math.min(1, mean + spread * random.nextGaussian());
      cosines.add(cosine);
      distances.add(20 * (1 - cosine));
    }
    return new Drift(new Distribution(cosines), new Distribution(distances));
  }

  private List<TrainingPoint> training() {
    List<TrainingPoint> points = new ArrayList<>();
    for (int step = 1; step <= 400; step++) {
      double t = step / 400.0;
      double noise = 0.03 * random.nextGaussian();
      double rate = step < 28 ? step / 28.0 : 0.5 * (1 + Math.cos(Math.PI * (step - 28) / 372.0));
      points.add(
          new TrainingPoint(
              step,
              18 * Math.exp(-5 * t) + 6.5 + 5 * noise,
              1 - 0.12 * (1 - Math.exp(-9 * t)) + noise / 6,
              0.95 - 0.62 * Math.exp(-6 * t) - 0.14 + noise / 2,
              5e-4 * rate));
    }
    return points;
  }

  private List<GalleryEntry> gallery() {
    List<GalleryEntry> entries = new ArrayList<>();
    for (int row = 0; row < 3; row++) {
      for (String attacked : List.of("original", "FARE")) {
        entries.add(entry(row * 7, attacked));
      }
    }
    return entries;
  }

  private GalleryEntry entry(int row, String attacked) {
    Picture clean = picture(row);
    int label = images.labels()[row];
    int wrong = (label + 3) % names.size();
    boolean fooled = attacked.equals("original");
    return new GalleryEntry(
        row,
        label,
        names.get(label),
        attacked,
        "PGD",
        ThreatModel.linf(4 / 255.0),
        clean,
        perturbed(clean),
        List.of(
            new ModelView("original", guesses(label, .97), guesses(fooled ? wrong : label, .93)),
            new ModelView("FARE", guesses(label, .81), guesses(label, .64))));
  }

  private List<Prediction> guesses(int label, double probability) {
    int second = (label + 1) % names.size();
    int third = (label + 2) % names.size();
    double rest = 1 - probability;
    return List.of(
        new Prediction(label, names.get(label), probability),
        new Prediction(second, names.get(second), rest * .6),
        new Prediction(third, names.get(third), rest * .2));
  }

  private Picture picture(int row) {
    int size = 3 * SIDE * SIDE;
    return Picture.of(
        SIDE, SIDE, Arrays.copyOfRange(images.images(), row * size, (row + 1) * size));
  }

  private Picture perturbed(Picture clean) {
    float[] planes = clean.planes();
    for (int i = 0; i < planes.length; i++) {
      float moved = planes[i] + (random.nextBoolean() ? 4 : -4) / 255f;
      planes[i] = Math.max(0, Math.min(1, moved));
    }
    return Picture.of(clean.width(), clean.height(), planes);
  }

  private SearchExample search() {
    Picture query = picture(3);
    String name = names.get(images.labels()[3]);
    return new SearchExample(
        name,
        "PGD at l∞ 4/255",
        query,
        List.of(
            new SearchResult("original", perturbed(query), hits(3, 4), hits(8, 0)),
            new SearchResult("FARE", perturbed(query), hits(3, 4), hits(3, 3))));
  }

  private List<SearchHit> hits(int from, int right) {
    List<SearchHit> hits = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      int row = from + i;
      hits.add(
          new SearchHit(names.get(images.labels()[row]), picture(row), 0.93 - 0.07 * i, i < right));
    }
    return hits;
  }
}
