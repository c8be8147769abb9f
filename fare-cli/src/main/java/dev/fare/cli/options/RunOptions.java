package dev.fare.cli.options;

import dev.fare.ThreatModel;
import dev.fare.attacks.ApgdAttack;
import dev.fare.attacks.PgdAttack;
import dev.fare.data.ImageDataset;
import dev.fare.evaluation.audit.ImageSource;
import dev.fare.evaluation.audit.ModelSource;
import dev.fare.models.ClipModel;
import dev.fare.training.DivergencePolicy;
import dev.fare.training.FareTrainer;
import dev.fare.training.metrics.CsvMetrics;
import dev.fare.training.metrics.JsonLinesMetrics;
import dev.fare.training.metrics.TensorBoardMetrics;
import dev.fare.training.validation.EarlyStop;
import dev.fare.training.validation.Validation;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What a training leaves on its way, and when it ends. */
public final class RunOptions {

  /** What a validation measures, clean and under attack. */
  enum Measure {
    CLOSENESS("adversarial_cosine"),
    ACCURACY("robust_accuracy");

    /** The value that early stopping watches. */
    final String watched;

    Measure(String watched) {
      this.watched = watched;
    }

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  @Option(
      names = "--checkpoints",
      paramLabel = "<folder>",
      description = "of this run, with its metrics; by default the output's name with -run")
  private @Nullable Path checkpoints;

  @Option(
      names = "--checkpoint-every",
      paramLabel = "<n>",
      description = "steps; default ${DEFAULT-VALUE}")
  private long checkpointEvery = 200;

  @Option(
      names = "--keep-checkpoints",
      paramLabel = "<n>",
      description = "of the newest; default ${DEFAULT-VALUE}")
  private Count keepCheckpoints = new Count(3);

  @Option(
      names = "--milestone-every",
      paramLabel = "<n>",
      description = "steps whose checkpoints are kept for good; none by default")
  private long milestoneEvery;

  @Option(
      names = "--allow-changed-settings",
      description = "go on from the checkpoints with other settings than the run began with")
  private boolean allowChangedSettings;

  @Option(
      names = "--validate",
      paramLabel = "<path>",
      description = "images to measure the encoder on, clean and attacked")
  private @Nullable String validate;

  @Option(
      names = "--validate-by",
      paramLabel = "<m>",
      description =
          "${COMPLETION-CANDIDATES}: cosine to the original's embeddings, attacked with PGD, or"
              + " zero-shot accuracy on images with classes, attacked with APGD; default"
              + " ${DEFAULT-VALUE}")
  private Measure measure = Measure.CLOSENESS;

  @Option(
      names = "--validate-attack-steps",
      paramLabel = "<n>",
      description = "default ${DEFAULT-VALUE}")
  private Count validationSteps = new Count(50);

  @Option(
      names = "--validate-every",
      paramLabel = "<n>",
      description = "steps; default ${DEFAULT-VALUE}")
  private long validateEvery = 500;

  @Option(
      names = "--early-stop",
      paramLabel = "<n>",
      description =
          "end when so many validations in a row find nothing better under attack, with the best"
              + " one's weights; off by default")
  private @Nullable Count earlyStop;

  @Option(
      names = "--metrics-every",
      paramLabel = "<n>",
      description = "steps between measures that cost a forward pass; default ${DEFAULT-VALUE}")
  private int metricsEvery = 10;

  @Option(
      names = "--tensorboard",
      paramLabel = "<folder>",
      description = "also writes events for TensorBoard")
  private @Nullable Path tensorBoard;

  @Option(
      names = "--on-divergence",
      paramLabel = "<p>",
      description =
          "${COMPLETION-CANDIDATES}: what happens when a loss is no number; default"
              + " ${DEFAULT-VALUE}")
  private DivergencePolicy divergence = DivergencePolicy.STOP;

  @Option(
      names = "--loss-limit",
      paramLabel = "<x>",
      description = "a larger loss counts as no number; off by default")
  private @Nullable Double lossLimit;

  @Option(
      names = "--unreadable",
      paramLabel = "<share>",
      description = "of the images that may be unreadable; default ${DEFAULT-VALUE}")
  private double unreadable = 0.01;

  /** The folder of the run whose model goes there. */
  public Path folder(Path output) {
    return checkpoints != null ? checkpoints : output.resolveSibling(output.getFileName() + "-run");
  }

  /**
   * Tells a training.
   *
   * @param folder of the run
   * @param threat what is validated
   * @param model whose text tower embeds the names of the classes
   * @param classes how they are named
   */
  public void describe(
      FareTrainer.Builder<?> training,
      Path folder,
      ThreatModel threat,
      ModelSource model,
      ClassNameOptions classes)
      throws IOException {
    training
        .checkpoints(folder)
        .checkpointEvery(checkpointEvery)
        .keepCheckpoints(keepCheckpoints.value())
        .milestoneEvery(milestoneEvery)
        .metricsEvery(metricsEvery)
        .divergencePolicy(divergence)
        .unreadableFraction(unreadable)
        .allowChangedSettings(allowChangedSettings)
        .listener(new CsvMetrics(folder.resolve("metrics.csv")))
        .listener(new JsonLinesMetrics(folder.resolve("metrics.jsonl")));
    if (lossLimit != null) {
      training.lossLimit(lossLimit);
    }
    if (tensorBoard != null) {
      training.listener(new TensorBoardMetrics(tensorBoard));
    }
    if (validate != null) {
      ImageDataset images = ImageSource.open(validate).data();
      training.validation(validation(images, threat, model, classes), validateEvery);
    }
    if (earlyStop != null) {
      if (validate == null) {
        throw new IllegalArgumentException("--early-stop watches a validation: give --validate");
      }
      training.earlyStop(
          EarlyStop.whenNotRising(measure.watched, earlyStop.value()).restoreBest(true));
    }
  }

  private Validation validation(
      ImageDataset images, ThreatModel threat, ModelSource model, ClassNameOptions classes)
      throws IOException {
    if (measure == Measure.CLOSENESS) {
      return Validation.closeness(
          images, PgdAttack.builder(threat).steps(validationSteps.value()).build());
    }
    if (images.classNames().size() < 2) {
      throw new IllegalArgumentException(
          "--validate-by accuracy needs at least two classes; give --validate a sub-folder or a"
              + " label for each");
    }
    ApgdAttack apgd = ApgdAttack.builder(threat).steps(validationSteps.value()).build();
    List<String> names = images.classNames().stream().map(classes.names()).toList();
    try (ClipModel clip = model.load()) {
      return clip.accuracy(images, names, classes.sentences(), apgd);
    }
  }
}
