package dev.fare.examples.cli;

import dev.fare.ThreatModel;
import dev.fare.attacks.PgdAttack;
import dev.fare.examples.audit.ImageSource;
import dev.fare.training.DivergencePolicy;
import dev.fare.training.EarlyStop;
import dev.fare.training.FareTrainerBuilder;
import dev.fare.training.Validation;
import dev.fare.training.metrics.CsvMetrics;
import dev.fare.training.metrics.JsonLinesMetrics;
import dev.fare.training.metrics.TensorBoardMetrics;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What a training leaves on its way, and when it ends. */
final class RunOptions {

  private static final int VALIDATION_STEPS = 50;
  private static final String WATCHED = "adversarial_cosine";

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
  private int keepCheckpoints = 3;

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
      description = "images to measure the embeddings' cosine on, clean and attacked")
  private @Nullable String validate;

  @Option(
      names = "--validate-every",
      paramLabel = "<n>",
      description = "steps; default ${DEFAULT-VALUE}")
  private long validateEvery = 500;

  @Option(
      names = "--early-stop",
      paramLabel = "<n>",
      description =
          "end when so many validations in a row find no better cosine under attack; off by"
              + " default")
  private @Nullable Integer earlyStop;

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
      names = "--unreadable",
      paramLabel = "<share>",
      description = "of the images that may be unreadable; default ${DEFAULT-VALUE}")
  private double unreadable = 0.01;

  /** The folder of the run whose model goes there. */
  Path folder(Path output) {
    return checkpoints != null ? checkpoints : output.resolveSibling(output.getFileName() + "-run");
  }

  /**
   * Tells a training.
   *
   * @param folder of the run
   * @param threat what is validated
   */
  void describe(FareTrainerBuilder training, Path folder, ThreatModel threat) throws IOException {
    training
        .checkpoints(folder)
        .checkpointEvery(checkpointEvery)
        .keepCheckpoints(keepCheckpoints)
        .milestoneEvery(milestoneEvery)
        .metricsEvery(metricsEvery)
        .divergencePolicy(divergence)
        .unreadableFraction(unreadable)
        .listener(new CsvMetrics(folder.resolve("metrics.csv")))
        .listener(new JsonLinesMetrics(folder.resolve("metrics.jsonl")));
    if (allowChangedSettings) {
      training.allowChangedSettings();
    }
    if (tensorBoard != null) {
      training.listener(new TensorBoardMetrics(tensorBoard));
    }
    if (validate != null) {
      PgdAttack attack = PgdAttack.builder(threat).steps(VALIDATION_STEPS).build();
      training.validation(
          Validation.closeness(ImageSource.open(validate).data(), attack), validateEvery);
    }
    if (earlyStop != null) {
      if (validate == null) {
        throw new IllegalArgumentException("--early-stop watches a validation: give --validate");
      }
      training.earlyStop(EarlyStop.whenNotRising(WATCHED, earlyStop));
    }
  }
}
