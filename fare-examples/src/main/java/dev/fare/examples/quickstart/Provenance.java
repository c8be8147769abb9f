package dev.fare.examples.quickstart;

import dev.fare.evaluation.audit.ModelSource;
import dev.fare.evaluation.report.ReportModel;
import dev.fare.training.TrainingSummary;
import java.io.IOException;
import java.nio.file.Path;

/** Where the numbers of the quick start come from. */
final class Provenance {

  private Provenance() {}

  static void add(ReportModel.Builder report, Path original, Path robust, TrainingSummary summary)
      throws IOException {
    report
        .provenance("Weights", "original, SHA-256", hashes(original))
        .provenance("Weights", "FARE, SHA-256", hashes(robust))
        .provenance("Training", "data", summary.data())
        .provenance("Training", "settings", summary.settings())
        .provenance("Training", "duration", summary.duration().toSeconds() + " s")
        .environment();
  }

  private static String hashes(Path directory) throws IOException {
    return String.join(" ", ModelSource.of(directory).digests().values());
  }
}
