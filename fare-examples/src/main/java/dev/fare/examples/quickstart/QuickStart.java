package dev.fare.examples.quickstart;

import dev.fare.Precision;
import dev.fare.ThreatModel;
import dev.fare.attacks.PgdAttack;
import dev.fare.evaluation.EvaluationReport;
import dev.fare.evaluation.GalleryEntry;
import dev.fare.evaluation.ModelResult;
import dev.fare.evaluation.RobustnessEvaluation;
import dev.fare.evaluation.report.ReportFiles;
import dev.fare.evaluation.report.ReportModel;
import dev.fare.evaluation.report.SearchResult;
import dev.fare.examples.CommandLines;
import dev.fare.examples.emoji.EmojiConcept;
import dev.fare.examples.emoji.EmojiData;
import dev.fare.examples.emoji.EmojiDataset;
import dev.fare.models.ClipModel;
import dev.fare.models.RobustClipEncoder;
import dev.fare.models.ZeroShotClassifier;
import dev.fare.training.FareTrainer;
import dev.fare.training.TrainingSummary;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * FARE on real images: attack a CLIP, make its vision encoder robust, attack it again, swap it.
 *
 * <p>The method {@link #call} is the whole story, top to bottom.
 */
@Command(
    name = "quickstart",
    description = "Attacks the embedded CLIP, fine-tunes it with FARE, and writes a report.",
    mixinStandardHelpOptions = true)
public final class QuickStart implements Callable<Integer> {

  private static final String ORIGINAL = "original";
  private static final String ROBUST = "FARE";
  private static final ThreatModel LARGEST = ThreatModel.linf(4 / 255.0);

  @Option(names = "--output", description = "directory to write, default ${DEFAULT-VALUE}")
  private Path output = Path.of("fare-quickstart");

  @Option(names = "--steps", description = "FARE updates, default ${DEFAULT-VALUE}")
  private int steps = 500;

  @Option(names = "--batch-size", description = "pictures an update, default ${DEFAULT-VALUE}")
  private int batchSize = 32;

  @Option(names = "--learning-rate", description = "the peak, default ${DEFAULT-VALUE}")
  private double learningRate = 1e-3;

  @Option(
      names = "--precision",
      description =
          "of the training's arithmetic, default ${DEFAULT-VALUE}: ${COMPLETION-CANDIDATES}."
              + " What is measured is float32")
  private Precision precision = Precision.FLOAT32;

  @Mixin private ProtocolOptions measured = new ProtocolOptions(96);

  @Option(names = "--seed", description = "default ${DEFAULT-VALUE}")
  private long seed = 0;

  @Spec private CommandLine.Model.CommandSpec command = CommandLine.Model.CommandSpec.create();

  /** Runs the quick start. */
  public static void main(String[] args) {
    CommandLines.run(new QuickStart(), args);
  }

  @Override
  public Integer call() throws IOException {
    PrintWriter out = command.commandLine().getOut();
    EmojiData data = EmojiData.load();
    Path originalFiles = EmbeddedClip.copyTo(output.resolve("original"));
    try (ClipModel clip = ClipModel.load(originalFiles);
        ZeroShotClassifier original =
            clip.zeroShotClassifier(data.pack().names(), EmbeddedClip.TEMPLATES);
        RobustClipEncoder encoder = RobustClipEncoder.load(originalFiles, precision)) {
      out.printf(
          Locale.ROOT,
          "A CLIP of %d classes, attacked with %s in l∞ balls of 2/255 and 4/255.%n%n",
          data.pack().names().size(),
          EmbeddedProtocol.ATTACK);
      List<EvaluationReport> before = evaluate(ORIGINAL, original, data, encoder.imageSize(), out);

      out.printf("%nFine-tuning its vision encoder with FARE, without labels:%n");
      Path robustFiles = output.resolve("robust");
      ReportModel.Builder report = ReportModel.builder("FARE quick start");
      try (ZeroShotClassifier training = original.withImageEncoder(encoder)) {
        TrainingCurves curves = new TrainingCurves(steps, out, training, data);
        TrainingSummary summary = train(encoder, data, curves);
        encoder.save(robustFiles);
        report.training(curves.points());
        Provenance.add(report, originalFiles, robustFiles, summary);
      }

      out.println();
      // the swap: classifier and search take the robust encoder where they took the original one
      try (RobustClipEncoder robust = RobustClipEncoder.load(robustFiles);
          ZeroShotClassifier fare = original.withImageEncoder(robust)) {
        List<EvaluationReport> after = evaluate(ROBUST, fare, data, robust.imageSize(), out);
        compare(before, after, data, report, out);
        EvaluationReport both = before.get(0).with(after.get(0));
        report.gallery(gallery(original, fare, data, both, robust.imageSize()));
        search(data, clip.imageEncoder(), robust, report, out);
      }
      SamplePictures.write(
          EmojiDataset.testSetA(data, measured.images()), output.resolve("drawings"));
      ReportFiles written = ReportFiles.write(report.build(), output.resolve("report.html"));
      out.printf(
          "%nThe robust encoder:  %s%nThe report:          %s%n", robustFiles, written.html());
      out.flush();
    }
    return 0;
  }

  private static void compare(
      List<EvaluationReport> before,
      List<EvaluationReport> after,
      EmojiData data,
      ReportModel.Builder report,
      PrintWriter out) {
    List<EvaluationReport> compared =
        List.of(before.get(0).with(after.get(0)), before.get(1).with(after.get(1)));
    out.printf("%n%s%n", EmbeddedProtocol.table(compared));
    report
        .introduction(
            "A small CLIP, trained on drawings of "
                + data.pack().names().size()
                + " things, was fine-tuned with FARE on unlabelled pictures and attacked"
                + " before and after.")
        .evaluation(
            compared.get(0), "Drawings it was trained on, on unseen backgrounds and places.")
        .evaluation(
            compared.get(1),
            "Drawings it has never seen: of each thing only the other style was trained.")
        .classGroups(
            data.pack().concepts().stream()
                .collect(Collectors.toMap(EmojiConcept::name, EmojiConcept::category)));
  }

  private static void search(
      EmojiData data,
      RobustClipEncoder original,
      RobustClipEncoder robust,
      ReportModel.Builder report,
      PrintWriter out)
      throws IOException {
    AttackedSearch search = new AttackedSearch(data, LARGEST);
    List<SearchResult> found = search.search(ORIGINAL, original);
    List<SearchResult> foundAfter = search.search(ROBUST, robust);
    search.examples(3, found, foundAfter).forEach(report::search);
    out.printf(
        "%nImage search with tampered queries, right among the first five: %s %d of %d, %s %d"
            + " of %d%n",
        ORIGINAL,
        AttackedSearch.found(found),
        found.size(),
        ROBUST,
        AttackedSearch.found(foundAfter),
        foundAfter.size());
  }

  private TrainingSummary train(RobustClipEncoder encoder, EmojiData data, TrainingCurves curves) {
    PgdAttack attack = PgdAttack.builder(LARGEST).steps(2).stepSize(2.5 / 255).build();
    try (FareTrainer<?> trainer =
            FareTrainer.builder(encoder)
                .attack(attack)
                .learningRate(learningRate)
                .weightDecay(1e-4)
                .warmupSteps(steps / 14)
                .steps(steps)
                .batchSize(batchSize)
                .seed(seed)
                .listener(curves)
                .build();
        curves) {
      return trainer.fit(EmojiDataset.unlabelled(data, steps * batchSize, 0.3));
    }
  }

  private List<EvaluationReport> evaluate(
      String model, ZeroShotClassifier classifier, EmojiData data, int imageSize, PrintWriter out) {
    List<EvaluationReport> reports = protocol(data, imageSize).evaluate(model, classifier);
    for (EvaluationReport report : reports) {
      ModelResult result = report.model(model);
      out.printf(
          Locale.ROOT,
          "%-8s on %s: clean %s%s%n",
          model,
          report.dataSet(),
          EmbeddedProtocol.percent(result.clean().value()),
          result.threats().stream()
              .map(
                  threat ->
                      ", "
                          + threat.label()
                          + " "
                          + EmbeddedProtocol.percent(threat.robust().value()))
              .collect(Collectors.joining()));
      out.flush();
    }
    return reports;
  }

  private EmbeddedProtocol protocol(EmojiData data, int imageSize) {
    return measured.of(data, imageSize, seed + 1);
  }

  private List<GalleryEntry> gallery(
      ZeroShotClassifier original,
      ZeroShotClassifier fare,
      EmojiData data,
      EvaluationReport compared,
      int imageSize) {
    RobustnessEvaluation both =
        RobustnessEvaluation.builder(imageSize)
            .model(ORIGINAL, original)
            .model(ROBUST, fare)
            .attack(protocol(data, imageSize).attack())
            .threatModels(List.of(LARGEST))
            .build();
    return both.gallery(
        EmojiDataset.testSetA(data, measured.images()),
        compared.rightForAll(6),
        EmbeddedProtocol.ATTACK,
        LARGEST);
  }
}
