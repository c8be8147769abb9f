package dev.fare.cli;

import dev.fare.ThreatModel;
import dev.fare.attacks.ApgdAttack;
import dev.fare.attacks.Objectives;
import dev.fare.cli.options.ClassifierAttackOptions;
import dev.fare.cli.options.Count;
import dev.fare.cli.options.ModelOptions;
import dev.fare.cli.options.ThreatOptions;
import dev.fare.data.ImageFolder;
import dev.fare.data.ImageSubset;
import dev.fare.evaluation.audit.AdversarialFolder;
import dev.fare.evaluation.audit.AdversarialFolder.Outcome;
import dev.fare.evaluation.drift.EncoderAttack;
import dev.fare.io.AtomicFile;
import dev.fare.models.ClipModel;
import dev.fare.models.RobustClipEncoder;
import dev.fare.models.ZeroShotClassifier;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.IntConsumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code fare attack}. */
@Command(
    name = "attack",
    description = {
      "Attacks a CLIP on a folder of images and writes the attacked images as PNG.",
      "With sub-folders as classes the attack goes for another answer, without for another"
          + " embedding. A file has 256 levels a value: in l-infinity the images are rounded inside"
          + " the ball, and success is counted again on what the files hold."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false,
    abbreviateSynopsis = true,
    footer = {
      "",
      "  fare attack --model clip --images photos --output attacked --attack apgd-ce --epsilon"
          + " 4/255"
    })
final class AttackCommand implements Callable<Integer> {

  @Mixin private ModelOptions model = new ModelOptions();

  @Option(
      names = "--images",
      required = true,
      paramLabel = "<folder>",
      description = "the images; sub-folders are classes")
  private Path images = Path.of("");

  @Option(
      names = "--output",
      required = true,
      paramLabel = "<folder>",
      description = "attacked images under the same names, and attack.csv")
  private Path output = Path.of("");

  @Option(
      names = "--count",
      paramLabel = "<n>",
      description = "images attacked, spread evenly over the classes; all by default")
  private @Nullable Count count;

  @ArgGroup(validate = false, heading = "%nWhat the attacker may do:%n", order = 10)
  private ThreatOptions.Single threat = new ThreatOptions.Single();

  @ArgGroup(validate = false, heading = "%nThe attack:%n", order = 20)
  private Effort effort = new Effort();

  @Mixin private CommonOptions common = new CommonOptions();

  /** One part of the help. */
  static final class Effort extends ClassifierAttackOptions {
    @Option(
        names = "--attack",
        order = ClassifierAttackOptions.FIRST,
        paramLabel = "<attack>",
        description =
            "${COMPLETION-CANDIDATES}; default ${DEFAULT-VALUE}. Without classes it is APGD on the"
                + " squared distance of embeddings")
    Name name = Name.APGD_CE;
  }

  @Override
  public Integer call() throws IOException {
    ImageFolder folder = ImageFolder.of(images);
    List<Integer> chosen =
        ImageSubset.evenly(folder, count == null ? folder.size() : count.value()).indices();
    ThreatModel allowed = threat.threatModel();
    try (Terminal terminal = common.terminal();
        RobustClipEncoder encoder = model.load()) {
      AdversarialFolder adversarial = new AdversarialFolder(folder, images, encoder, allowed);
      IntConsumer progress = done -> terminal.progress("attack", done, chosen.size(), "");
      boolean labelled = !folder.classNames().isEmpty();
      List<Outcome> outcomes =
          labelled
              ? fool(adversarial, folder, encoder, chosen, progress)
              : adversarial.move(embeddingAttack(), chosen, output, progress);
      Path table = output.resolve("attack.csv");
      AtomicFile.write(table, csv(outcomes, folder).getBytes(StandardCharsets.UTF_8));
      Map<String, Object> summary = summary(outcomes, labelled);
      terminal.say("%d images attacked at %s", outcomes.size(), allowed.label());
      summary.forEach((name, value) -> terminal.say("  %s: %s", name, value));
      terminal.say("The images: %s, the table: %s", output, table);
      summary.put("output", output.toString());
      summary.put("table", table.toString());
      terminal.result(summary);
      return 0;
    }
  }

  private List<Outcome> fool(
      AdversarialFolder adversarial,
      ImageFolder folder,
      RobustClipEncoder encoder,
      List<Integer> chosen,
      IntConsumer progress)
      throws IOException {
    List<String> names = folder.classNames().stream().map(name -> name.replace('_', ' ')).toList();
    try (ClipModel clip = model.source().load();
        ZeroShotClassifier plain = clip.zeroShotClassifier(names);
        ZeroShotClassifier classifier = plain.withImageEncoder(encoder)) {
      return adversarial.fool(classifier, effort.attack(effort.name), chosen, output, progress);
    }
  }

  private EncoderAttack embeddingAttack() {
    return EncoderAttack.of(
        "APGD",
        effort.steps + " iterations, seed " + effort.seed,
        allowed ->
            ApgdAttack.builder(allowed)
                .steps(effort.steps.value())
                .restarts(effort.restarts.value())
                .seed(effort.seed)
                .build(),
        Objectives::embeddingDistance);
  }

  private static Map<String, Object> summary(List<Outcome> outcomes, boolean labelled) {
    Map<String, Object> summary = new LinkedHashMap<>();
    summary.put("images", outcomes.size());
    if (labelled) {
      summary.put("right", count(outcomes, outcome -> outcome.clean() == outcome.label()));
      summary.put("fooled", count(outcomes, Outcome::isFooled));
      summary.put("fooledByFile", count(outcomes, Outcome::isFooledByFile));
    }
    summary.put("largestChange", outcomes.stream().mapToDouble(Outcome::size).max().orElse(0));
    summary.put("meanCosine", outcomes.stream().mapToDouble(Outcome::cosine).average().orElse(1));
    return summary;
  }

  private static long count(List<Outcome> outcomes, Predicate<Outcome> condition) {
    return outcomes.stream().filter(condition).count();
  }

  private static String csv(List<Outcome> outcomes, ImageFolder folder) {
    StringBuilder csv =
        new StringBuilder("file,class,clean,attacked,attacked_rounded,size,cosine\n");
    for (Outcome outcome : outcomes) {
      csv.append(quoted(outcome.file()))
          .append(',')
          .append(name(folder, outcome.label()))
          .append(',')
          .append(name(folder, outcome.clean()))
          .append(',')
          .append(name(folder, outcome.attacked()))
          .append(',')
          .append(name(folder, outcome.rounded()))
          .append(String.format(Locale.ROOT, ",%.6f,%.6f%n", outcome.size(), outcome.cosine()));
    }
    return csv.toString();
  }

  private static String name(ImageFolder folder, int label) {
    return label < 0 ? "" : quoted(folder.classNames().get(label));
  }

  private static String quoted(String text) {
    return text.matches("[^\",\r\n]*") ? text : '"' + text.replace("\"", "\"\"") + '"';
  }
}
