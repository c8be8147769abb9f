package dev.fare.examples.cli;

import dev.fare.evaluation.Accuracy;
import dev.fare.evaluation.EvaluationReport;
import dev.fare.evaluation.ModelResult;
import dev.fare.evaluation.ThreatResult;
import dev.fare.examples.audit.ModelSource;
import dev.fare.examples.audit.ZeroShotAudit;
import dev.fare.examples.report.ReportFiles;
import dev.fare.examples.report.ReportModel;
import dev.fare.examples.report.TextTable;
import dev.fare.examples.report.TrainingPoint;
import dev.fare.examples.report.Verdict;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code fare evaluate}. */
@Command(
    name = "evaluate",
    description = {
      "Attacks CLIPs on a folder of images and writes a report.",
      "A folder with a sub-folder for each class: zero-shot accuracy by the names of the classes."
          + " A folder of images alone: how far an attacker can move their embeddings."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false,
    footer = {
      "",
      "The paper's protocol (APGD-CE with 5 restarts, targeted APGD) on 200 images:",
      "  fare evaluate --images photos --count 200 --model clip-vit-base-patch32",
      "Two encoders compared, with one quick attack:",
      "  fare evaluate --images photos --model original=clip --model FARE=fare4 \\",
      "      --attack apgd-ce --iterations 20 --epsilon 2/255,4/255",
      "In a build, failing with exit code 3 where less than 30 %% of the images are robust:",
      "  fare evaluate --images photos --model fare4 --require-robust 0.3 --json"
    })
final class EvaluateCommand implements Callable<Integer> {

  @Option(
      names = "--images",
      required = true,
      paramLabel = "<folder>",
      description = "the images; its sub-folders are the classes")
  private Path images = Path.of("");

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
      description = "images used, spread evenly over the classes; all by default")
  private int count = Integer.MAX_VALUE;

  @Option(
      names = "--attack",
      split = ",",
      paramLabel = "<attack>",
      description = "${COMPLETION-CANDIDATES}; the paper's protocol by default")
  private @Nullable List<AttackOptions.Name> attacks;

  @Mixin private AttackOptions attackOptions = new AttackOptions();

  @Mixin private EvaluationThreats threats = new EvaluationThreats();

  @Option(
      names = "--each-attack",
      description = "run every attack on all images that are right, for its own accuracy")
  private boolean eachAttack;

  @Option(
      names = "--transfer",
      description = "also show images made against each model to the others")
  private boolean transfer;

  @Option(names = "--drift", description = "also measure how far embeddings move")
  private boolean drift;

  @Option(
      names = "--templates",
      paramLabel = "<file>",
      description = "sentences, one a line, with {} for the class; default 'a photo of a {}'")
  private @Nullable Path templates;

  @Option(
      names = "--class-names",
      paramLabel = "<file>",
      description = "lines folder=name where a folder's name is not the class's")
  private @Nullable Path classNames;

  @Option(
      names = "--image-size",
      paramLabel = "<px>",
      description =
          "side at which images are attacked; by default their own if all are small squares of one"
              + " size, else the encoder's")
  private int imageSize;

  @Option(names = "--batch-size", paramLabel = "<n>", description = "default ${DEFAULT-VALUE}")
  private int batchSize = 32;

  @Option(
      names = "--workers",
      paramLabel = "<n>",
      description = "batches at the same time; default ${DEFAULT-VALUE}")
  private int workers = 1;

  @Option(
      names = "--training",
      paramLabel = "<file>",
      description = "metrics.jsonl of the run that made the last model, for its curves")
  private @Nullable Path training;

  @Option(
      names = "--require-robust",
      paramLabel = "<share>",
      description =
          "exit with 3 if the last model's robust accuracy at the largest epsilon is below")
  private double requireRobust = -1;

  @Mixin private CommonOptions common = new CommonOptions();

  @Override
  public Integer call() throws IOException {
    try (Terminal terminal = common.terminal()) {
      ReportModel report = audit(terminal).run();
      if (training != null) {
        report = report.withTraining(TrainingPoint.read(training));
      }
      ReportFiles files = ReportFiles.write(report, output);
      Verdict verdict = Verdict.of(report);
      terminal.say(verdict.headline());
      terminal.say(verdict.detail());
      if (!report.evaluations().isEmpty()) {
        terminal.say("%n%s", TextTable.of(report.evaluations()));
      }
      terminal.say("%nThe report: %s (numbers: %s)", files.html(), files.json());
      terminal.result(result(report, verdict, files));
      return judge(report, terminal);
    }
  }

  private ZeroShotAudit audit(Terminal terminal) throws IOException {
    ZeroShotAudit.Builder builder =
        ZeroShotAudit.of(images)
            .images(count)
            .threatModels(threats.threatModels())
            .cascade(!eachAttack)
            .transfer(transfer)
            .drift(drift)
            .driftSteps(attackOptions.iterations)
            .batchSize(batchSize)
            .workers(workers)
            .seed(attackOptions.seed)
            .listener(terminal::progress)
            .resumeIn(folder());
    attackOptions.attacks(attacks).forEach(builder::attack);
    for (String model : models) {
      addModel(builder, model);
    }
    if (templates != null) {
      builder.templates(lines(templates));
    }
    if (classNames != null) {
      Map<String, String> names = names(classNames);
      builder.classNames(folder -> names.getOrDefault(folder, folder.replace('_', ' ')));
    }
    if (imageSize != 0) {
      builder.imageSize(imageSize);
    }
    return builder.build();
  }

  private Path folder() throws IOException {
    Path parent = output.toAbsolutePath().getParent();
    return parent == null ? Path.of("") : Files.createDirectories(parent);
  }

  private void addModel(ZeroShotAudit.Builder builder, String text) {
    int equals = text.indexOf('=');
    Path path = Path.of(text.substring(equals + 1));
    String name = equals > 0 ? text.substring(0, equals) : path.getFileName().toString();
    ModelSource source = ModelOptions.source(path, base);
    builder.model(name, source);
  }

  private static List<String> lines(Path file) throws IOException {
    return Files.readAllLines(file).stream()
        .map(String::strip)
        .filter(line -> !line.isEmpty())
        .toList();
  }

  private static Map<String, String> names(Path file) throws IOException {
    Map<String, String> names = new LinkedHashMap<>();
    for (String line : lines(file)) {
      int equals = line.indexOf('=');
      if (equals <= 0 || equals == line.length() - 1) {
        throw new IOException(file + ": a line must be folder=name, got " + line);
      }
      names.put(line.substring(0, equals).strip(), line.substring(equals + 1).strip());
    }
    return names;
  }

  private static Map<String, Object> result(
      ReportModel report, Verdict verdict, ReportFiles files) {
    List<Map<String, Object>> results = new ArrayList<>();
    for (EvaluationReport evaluation : report.evaluations()) {
      for (ModelResult model : evaluation.models()) {
        Map<String, Object> robust = new LinkedHashMap<>();
        model.threats().forEach(threat -> robust.put(threat.label(), share(threat.robust())));
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("model", model.model());
        values.put("images", evaluation.size());
        values.put("clean", share(model.clean()));
        values.put("robust", robust);
        results.add(values);
      }
    }
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("verdict", verdict.headline());
    result.put("results", results);
    result.put("html", files.html().toString());
    result.put("json", files.json().toString());
    return result;
  }

  private static Map<String, Double> share(Accuracy accuracy) {
    Map<String, Double> share = new LinkedHashMap<>();
    share.put("value", accuracy.value());
    share.put("low95", accuracy.interval().low());
    share.put("high95", accuracy.interval().high());
    return share;
  }

  private int judge(ReportModel report, Terminal terminal) {
    if (requireRobust < 0) {
      return 0;
    }
    if (report.evaluations().isEmpty()) {
      throw new IllegalArgumentException(
          "--require-robust needs classes: " + images + " must have a sub-folder for each");
    }
    ThreatResult threat = Verdict.decisive(report.evaluations().get(0));
    if (threat.robust().value() >= requireRobust) {
      return 0;
    }
    terminal.warn(
        "robust accuracy %.3f at %s is below the required %.3f"
            .formatted(threat.robust().value(), threat.label(), requireRobust));
    return Fare.NOT_ROBUST;
  }
}
