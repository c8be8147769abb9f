package dev.fare.cli;

import dev.fare.cli.options.ClassNameOptions;
import dev.fare.cli.options.ClassifierAttackOptions;
import dev.fare.cli.options.ImageOption;
import dev.fare.evaluation.EvaluationReport;
import dev.fare.evaluation.ModelResult;
import dev.fare.evaluation.ThreatResult;
import dev.fare.evaluation.audit.ZeroShotAudit;
import dev.fare.evaluation.report.ReportModel;
import dev.fare.evaluation.report.TextTable;
import dev.fare.evaluation.report.TrainingPoint;
import dev.fare.evaluation.report.Verdict;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code fare evaluate}. */
@Command(
    name = "evaluate",
    description = {
      "Attacks CLIPs on images and writes a report.",
      "Images with classes, such as a folder with a sub-folder for each: zero-shot accuracy by the"
          + " names of the classes. Images without: how far an attacker can move their embeddings."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false,
    abbreviateSynopsis = true,
    footer = {
      "",
      "The paper's protocol (APGD-CE with 5 restarts, targeted APGD) on 200 images:",
      "  fare evaluate --images photos --count 200 --model clip-vit-base-patch32",
      "Two encoders compared, with one quick attack:",
      "  fare evaluate --images photos --model original=clip --model FARE=fare4 \\",
      "      --attack apgd-ce --steps 20 --epsilon 2/255,4/255",
      "In a build, failing with exit code 3 where less than 30 %% of the images are robust:",
      "  fare evaluate --images photos --model fare4 --require-robust 0.3 --json"
    })
final class EvaluateCommand implements Callable<Integer> {

  @Mixin private ImageOption images = new ImageOption();

  @Mixin private AuditOptions audit = new AuditOptions();

  @ArgGroup(validate = false, heading = "%nThe classes:%n", order = 10)
  private ClassNameOptions classes = new ClassNameOptions();

  @ArgGroup(validate = false, heading = "%nThe attacks:%n", order = 30)
  private Attacks attacks = new Attacks();

  @Option(
      names = "--training",
      paramLabel = "<file>",
      description = "metrics.jsonl of the run that made the last model, for its curves")
  private @Nullable Path training;

  @Mixin private CommonOptions common = new CommonOptions();

  /** One part of the help. */
  static final class Attacks extends ClassifierAttackOptions {
    @Option(
        names = "--attack",
        order = ClassifierAttackOptions.FIRST,
        split = ",",
        paramLabel = "<attack>",
        description = "${COMPLETION-CANDIDATES}; the paper's protocol by default")
    List<Name> names = List.of();

    @Option(
        names = "--each-attack",
        description = "run every attack on all images that are right, for its own accuracy")
    boolean eachAttack;

    @Option(
        names = "--transfer",
        description = "also show images made against each model to the others")
    boolean transfer;

    @Option(names = "--drift", description = "also measure how far embeddings move")
    boolean drift;
  }

  @Override
  public Integer call() throws IOException {
    try (Terminal terminal = common.terminal()) {
      ReportModel report = zeroShot(terminal).run();
      if (training != null) {
        report = report.withTraining(TrainingPoint.read(training));
      }
      boolean labelled = !report.evaluations().isEmpty();
      String table = labelled ? TextTable.of(report.evaluations()) : "";
      audit.publish(report, table, results(report), terminal);
      if (!audit.judges()) {
        return 0;
      }
      if (!labelled) {
        throw new IllegalArgumentException(
            "--require-robust needs classes: "
                + images.path()
                + " must have a sub-folder or a label for each");
      }
      ThreatResult threat = Verdict.decisive(report.evaluations().get(0));
      return audit.judge(threat.robust(), threat.label(), terminal);
    }
  }

  private ZeroShotAudit zeroShot(Terminal terminal) throws IOException {
    ZeroShotAudit.Builder builder =
        ZeroShotAudit.of(images.open().data(), String.valueOf(Path.of(images.path()).getFileName()))
            .cascade(!attacks.eachAttack)
            .transfer(attacks.transfer)
            .drift(attacks.drift)
            .driftSteps(attacks.steps.value())
            .templates(classes.sentences())
            .classNames(classes.names())
            .resumeIn(audit.folder(images.path()));
    attacks.names.forEach(name -> builder.attack(attacks.attack(name)));
    return audit.describe(builder, attacks.seed, terminal).build();
  }

  private static List<Map<String, Object>> results(ReportModel report) {
    List<Map<String, Object>> results = new ArrayList<>();
    for (EvaluationReport evaluation : report.evaluations()) {
      for (ModelResult model : evaluation.models()) {
        Map<String, Object> robust = new LinkedHashMap<>();
        for (ThreatResult threat : model.threats()) {
          robust.put(threat.label(), AuditOptions.share(threat.robust()));
        }
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("model", model.model());
        values.put("images", evaluation.size());
        values.put("clean", AuditOptions.share(model.clean()));
        values.put("robust", robust);
        results.add(values);
      }
    }
    return results;
  }
}
