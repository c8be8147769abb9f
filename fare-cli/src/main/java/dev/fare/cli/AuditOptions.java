package dev.fare.cli;

import dev.fare.cli.options.Count;
import dev.fare.cli.options.ModelOptions;
import dev.fare.cli.options.Share;
import dev.fare.cli.options.ThreatOptions;
import dev.fare.evaluation.audit.AuditBuilder;
import dev.fare.evaluation.report.ReportFiles;
import dev.fare.evaluation.report.ReportModel;
import dev.fare.evaluation.report.Verdict;
import dev.fare.evaluation.statistics.Accuracy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** What the commands that write a report have in common. */
final class AuditOptions {

  private static final int THREATS = 20;
  private static final int RUN = 40;

  @Option(
      names = "--model",
      required = true,
      split = ",",
      paramLabel = "[<name>=]<path>",
      description =
          "a CLIP, or with --base a vision tower's file; given several times the first is the one"
              + " to compare with")
  private List<String> models = List.of();

  @Option(
      names = "--base",
      paramLabel = "<path>",
      description = "the CLIP that vision towers' files were tuned from")
  private @Nullable Path base;

  @Option(
      names = "--output",
      paramLabel = "<file>",
      description = "the page; the JSON goes beside it; default ${DEFAULT-VALUE}")
  private Path output = Path.of("report.html");

  @Option(
      names = "--count",
      paramLabel = "<n>",
      description = "images used, spread evenly; all by default")
  private @Nullable Count count;

  @Option(
      names = "--require-robust",
      paramLabel = "<share>",
      description =
          "exit with 3 if the last model is right on less than this share of the images at the"
              + " largest epsilon")
  private @Nullable Share requireRobust;

  @ArgGroup(validate = false, heading = "%nWhat the attacker may do:%n", order = THREATS)
  private ThreatOptions.Several threats = new ThreatOptions.Several();

  @ArgGroup(validate = false, heading = "%nHow it runs:%n", order = RUN)
  private Run run = new Run();

  /** One part of the help. */
  static final class Run {
    @Option(
        names = "--image-size",
        paramLabel = "<px>",
        description =
            "side at which images are attacked; by default their own if all are small squares of"
                + " one size, else the encoder's")
    @Nullable Count imageSize;

    @Option(names = "--batch-size", paramLabel = "<n>", description = "default ${DEFAULT-VALUE}")
    Count batchSize = new Count(32);

    @Option(
        names = "--workers",
        paramLabel = "<n>",
        description = "batches at the same time; default ${DEFAULT-VALUE}")
    Count workers = new Count(1);
  }

  /** Tells an audit what was said here. */
  <B extends AuditBuilder<B>> B describe(B audit, long seed, Terminal terminal) {
    audit
        .threatModels(threats.threatModels())
        .batchSize(run.batchSize.value())
        .workers(run.workers.value())
        .seed(seed)
        .listener(terminal::progress);
    if (count != null) {
      audit.images(count.value());
    }
    if (run.imageSize != null) {
      audit.imageSize(run.imageSize.value());
    }
    for (String model : models) {
      int equals = model.indexOf('=');
      Path path = Path.of(model.substring(equals + 1));
      String name = equals > 0 ? model.substring(0, equals) : String.valueOf(path.getFileName());
      audit.model(name, ModelOptions.source(path, base));
    }
    return audit;
  }

  /**
   * The folder of the report, made if absent.
   *
   * @param images what the command reads, which the report must not overwrite
   */
  Path folder(String images) throws IOException {
    CommonOptions.checkOutput(output, images);
    CommonOptions.checkOutput(ReportFiles.jsonOf(output), images);
    Path parent = output.toAbsolutePath().getParent();
    return parent == null ? Path.of("") : Files.createDirectories(parent);
  }

  /**
   * Writes a report and says what it comes to.
   *
   * @param table the numbers as people read them in a terminal
   * @param results the same for programs
   */
  void publish(
      ReportModel report, String table, List<Map<String, Object>> results, Terminal terminal)
      throws IOException {
    ReportFiles files = ReportFiles.write(report, output);
    Verdict verdict = Verdict.of(report);
    terminal.say("%s%n%s%n", verdict.headline(), verdict.detail());
    if (!table.isEmpty()) {
      terminal.say("%s%n", table);
    }
    terminal.say("The report: %s (numbers: %s)", files.html(), files.json());
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("verdict", verdict.headline());
    result.put("results", results);
    result.put("html", files.html().toString());
    result.put("json", files.json().toString());
    terminal.result(result);
  }

  /** Whether {@code --require-robust} was given. */
  boolean judges() {
    return requireRobust != null;
  }

  /**
   * The exit code that a measurement deserves.
   *
   * @param robust what is left under the attack
   * @param label of the threat model
   */
  int judge(Accuracy robust, String label, Terminal terminal) {
    if (requireRobust == null || robust.value() >= requireRobust.value()) {
      return 0;
    }
    terminal.warn(
        "robust accuracy %.3f at %s is below the required %.3f"
            .formatted(robust.value(), label, requireRobust.value()));
    return Fare.NOT_ROBUST;
  }

  /** A share with its interval, for programs. */
  static Map<String, Double> share(Accuracy accuracy) {
    Map<String, Double> share = new LinkedHashMap<>();
    share.put("value", accuracy.value());
    share.put("low95", accuracy.interval().low());
    share.put("high95", accuracy.interval().high());
    return share;
  }
}
