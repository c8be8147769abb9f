package dev.fare.examples.photographs;

import com.google.common.base.Stopwatch;
import dev.fare.ImageEncoder;
import dev.fare.data.ImageDataset;
import dev.fare.data.ImageSubset;
import dev.fare.evaluation.EvaluationAttacks;
import dev.fare.evaluation.EvaluationReport;
import dev.fare.evaluation.RobustnessEvaluation;
import dev.fare.evaluation.audit.ModelSource;
import dev.fare.evaluation.report.ReportFiles;
import dev.fare.evaluation.report.ReportModel;
import dev.fare.examples.CommandLines;
import dev.fare.image.Augmentation;
import dev.fare.models.ClipModel;
import dev.fare.models.ResizingEncoder;
import dev.fare.models.RobustClipEncoder;
import dev.fare.models.ZeroShotClassifier;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Attacks a CLIP and its robust encoders on test pictures as the paper does (section 4.3): APGD on
 * the cross-entropy, then targeted APGD on what it left, all class names as the possible answers.
 */
@Command(
    name = "robustness",
    description = "Attacks a CLIP and its robust encoders on test pictures.",
    mixinStandardHelpOptions = true)
public final class RobustnessRecipe implements Callable<Integer> {

  private static final int BATCH = 64;

  @Mixin private PhotographOptions photographs = new PhotographOptions();

  @Option(names = "--model", description = "directory of the original CLIP", required = true)
  private Path model = Path.of("small-clip");

  @Option(
      names = "--robust",
      description = "a name and the directory of a robust encoder: FARE-4=runs/fare4; repeatable")
  private Map<String, Path> robust = new LinkedHashMap<>();

  @Option(
      names = "--tuned-classes",
      split = ",",
      description = "evaluated apart from the others, separated by commas; all by default")
  private List<String> tunedClasses = List.of();

  @Option(
      names = "--images",
      description =
          "test pictures of each group, evenly over its classes, default ${DEFAULT-VALUE}")
  private int images = 500;

  @Option(
      names = "--image-size",
      description =
          "side at which pictures are attacked, resized inside the model; the encoder's by default")
  private int imageSize;

  @Option(
      names = "--epsilon",
      split = ",",
      description = "l∞ radii in 255ths, separated by commas, default ${DEFAULT-VALUE}")
  private List<Double> epsilons = List.of(2.0, 4.0);

  @Option(names = "--steps", description = "of APGD, default ${DEFAULT-VALUE}")
  private int steps = 100;

  @Option(names = "--restarts", description = "of APGD-CE, default ${DEFAULT-VALUE}")
  private int restarts = 5;

  @Option(
      names = "--targets",
      description = "wrong classes that targeted APGD goes for, default ${DEFAULT-VALUE}")
  private int targets = 9;

  @Option(names = "--seed", description = "default ${DEFAULT-VALUE}")
  private long seed = 0;

  @Option(names = "--report", description = "HTML file to write, with the same as JSON beside it")
  private Path report = Path.of("robustness.html");

  @Spec private CommandLine.Model.CommandSpec command = CommandLine.Model.CommandSpec.create();

  /** Runs the recipe. */
  public static void main(String[] args) {
    CommandLines.run(new RobustnessRecipe(), args);
  }

  @Override
  public Integer call() throws IOException {
    PrintWriter out = command.commandLine().getOut();
    Photographs data = photographs.load(Augmentation.randomResizedCrop(1));
    Stopwatch watch = Stopwatch.createStarted();
    List<EvaluationReport> reports;
    try (Encoders encoders = new Encoders();
        ClipModel clip = ClipModel.load(model);
        ZeroShotClassifier original =
            clip.zeroShotClassifier(data.classNames(), Photographs.TEMPLATES)) {
      RobustnessEvaluation evaluation = evaluation(clip, original, encoders);
      reports = new ArrayList<>();
      for (Map.Entry<String, ImageDataset> group : groups(data.test()).entrySet()) {
        reports.add(evaluation.evaluate(group.getKey(), group.getValue()));
      }
    }
    out.printf("%s%n%nin %d s%n", RobustnessTable.of(reports), watch.elapsed().toSeconds());
    out.printf("report: %s%n", write(reports).html());
    out.flush();
    return 0;
  }

  private RobustnessEvaluation evaluation(
      ClipModel clip, ZeroShotClassifier original, Encoders encoders) throws IOException {
    int side = imageSize == 0 ? clip.imageEncoder().imageSize() : imageSize;
    RobustnessEvaluation.Builder evaluation =
        RobustnessEvaluation.builder(side)
            .model("original", encoders.classifier(original, clip.imageEncoder(), side))
            .attack(EvaluationAttacks.apgdCrossEntropy(steps, restarts, seed))
            .cascade(true)
            .linf(epsilons.stream().mapToDouble(epsilon -> epsilon / 255).toArray())
            .batchSize(BATCH);
    if (targets > 0) {
      evaluation.attack(EvaluationAttacks.apgdTargeted(steps, targets, seed));
    }
    for (Map.Entry<String, Path> each : robust.entrySet()) {
      RobustClipEncoder encoder = encoders.load(each.getValue());
      evaluation.model(each.getKey(), encoders.classifier(original, encoder, side));
    }
    return evaluation.build();
  }

  private Map<String, ImageDataset> groups(ImageDataset test) {
    if (tunedClasses.isEmpty()) {
      return Map.of("test", evenly(test, test.classNames()));
    }
    List<String> others = new ArrayList<>(test.classNames());
    others.removeAll(tunedClasses);
    Map<String, ImageDataset> groups = new LinkedHashMap<>();
    groups.put("tuned classes", evenly(test, tunedClasses));
    groups.put("other classes", evenly(test, others));
    return groups;
  }

  private ImageDataset evenly(ImageDataset test, List<String> classes) {
    return ImageSubset.evenly(ImageSubset.ofClasses(test, classes), images);
  }

  private ReportFiles write(List<EvaluationReport> reports) throws IOException {
    ReportModel.Builder built =
        ReportModel.builder("Robustness of " + model.getFileName())
            .introduction("Zero-shot classification by class names, attacked in l∞ balls.");
    reports.forEach(built::evaluation);
    addWeights(built, "original", model);
    for (Map.Entry<String, Path> each : robust.entrySet()) {
      addWeights(built, each.getKey(), each.getValue());
    }
    return ReportFiles.write(built.environment().build(), report);
  }

  private static void addWeights(ReportModel.Builder built, String name, Path directory)
      throws IOException {
    ModelSource.of(directory)
        .digests()
        .forEach((file, hash) -> built.provenance("Weights", name + ", SHA-256 of " + file, hash));
  }

  /** The encoders beside the original, and what resizes for them. */
  private static final class Encoders implements AutoCloseable {
    private final List<ImageEncoder> encoders = new ArrayList<>();
    private final List<ZeroShotClassifier> classifiers = new ArrayList<>();

    RobustClipEncoder load(Path directory) throws IOException {
      RobustClipEncoder encoder = RobustClipEncoder.load(directory);
      encoders.add(encoder);
      return encoder;
    }

    /** The classes seen through an encoder, which resizes where pictures have another size. */
    ZeroShotClassifier classifier(ZeroShotClassifier classes, ImageEncoder encoder, int side) {
      ImageEncoder seen = encoder;
      if (side != encoder.imageSize()) {
        seen = new ResizingEncoder(encoder, side);
        encoders.add(seen);
      }
      ZeroShotClassifier classifier = classes.withImageEncoder(seen);
      classifiers.add(classifier);
      return classifier;
    }

    @Override
    public void close() {
      classifiers.forEach(ZeroShotClassifier::close);
      encoders.forEach(ImageEncoder::close);
    }
  }
}
