package dev.fare.examples.cli;

import dev.fare.ThreatModel;
import dev.fare.attacks.ApgdAttack;
import dev.fare.attacks.PgdAttack;
import dev.fare.data.ImageFolder;
import dev.fare.evaluation.ThreatResult;
import dev.fare.models.RobustClipEncoder;
import dev.fare.training.EmbeddingLoss;
import dev.fare.training.FareTrainer;
import dev.fare.training.FareTrainerBuilder;
import dev.fare.training.ModelCard;
import dev.fare.training.StepResult;
import dev.fare.training.TrainingListener;
import dev.fare.training.TrainingLoss;
import dev.fare.training.TrainingSummary;
import dev.fare.training.Validation;
import dev.fare.training.metrics.CsvMetrics;
import dev.fare.training.metrics.JsonLinesMetrics;
import dev.fare.training.metrics.TensorBoardMetrics;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code fare train}. */
@Command(
    name = "train",
    description = {
      "Fine-tunes a CLIP's vision encoder so that attacked images keep their embeddings.",
      "What is not said is the paper's recipe. Ctrl-C leaves a checkpoint; the same command goes on"
          + " from there."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false,
    footer = {
      "",
      "FARE at 4/255 as published, on a folder of unlabelled images:",
      "  fare train --model clip-vit-large-patch14 --images imagenet/train --output fare4",
      "A short run on a small machine:",
      "  fare train --model clip --images photos --output fare4 \\",
      "      --steps 500 --batch-size 32 --attack-steps 2 --learning-rate 1e-4"
    })
final class TrainCommand implements Callable<Integer> {

  /** What is minimised. */
  enum Loss {
    FARE,
    TRADES,
    SIM_CLIP;

    TrainingLoss value() {
      return switch (this) {
        case FARE -> TrainingLoss.fare();
        case TRADES -> TrainingLoss.trades(EmbeddingLoss.squaredDistance());
        case SIM_CLIP -> TrainingLoss.simClip();
      };
    }

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  /** What makes the adversarial images. */
  enum InnerAttack {
    PGD,
    APGD,
    NONE;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  @Mixin private ModelOptions model = new ModelOptions();

  @Option(
      names = "--images",
      required = true,
      paramLabel = "<folder>",
      description = "the images; no labels are used")
  private Path images = Path.of("");

  @Option(
      names = "--output",
      required = true,
      paramLabel = "<folder>",
      description = "the robust CLIP, in Hugging Face's layout")
  private Path output = Path.of("");

  @Option(
      names = "--checkpoints",
      paramLabel = "<folder>",
      description = "of this run, with its metrics; by default the output's name with -run")
  private @Nullable Path checkpoints;

  @Option(names = "--loss", description = "${COMPLETION-CANDIDATES}; default ${DEFAULT-VALUE}")
  private Loss loss = Loss.FARE;

  @Option(
      names = "--clean-weight",
      paramLabel = "<w>",
      description = "share of the squared distance on clean images; default ${DEFAULT-VALUE}")
  private double cleanWeight;

  @Option(names = "--attack", description = "${COMPLETION-CANDIDATES}; default ${DEFAULT-VALUE}")
  private InnerAttack attack = InnerAttack.PGD;

  @Mixin private ThreatOptions threat = new ThreatOptions();

  @Option(names = "--attack-steps", paramLabel = "<n>", description = "default ${DEFAULT-VALUE}")
  private int attackSteps = 10;

  @Option(
      names = "--step-size",
      paramLabel = "<r>",
      description = "of PGD, such as 1/255; by default 2.5 epsilon divided by its steps")
  private @Nullable Radius stepSize;

  @Option(names = "--steps", paramLabel = "<n>", description = "updates; default ${DEFAULT-VALUE}")
  private long steps = 20_000;

  @Option(
      names = "--batch-size",
      paramLabel = "<n>",
      description = "images an update; default ${DEFAULT-VALUE}")
  private int batchSize = 128;

  @Option(
      names = "--micro-batch-size",
      paramLabel = "<n>",
      description = "images in memory together; the whole batch by default")
  private int microBatchSize;

  @Option(
      names = "--learning-rate",
      paramLabel = "<x>",
      description = "the peak; default ${DEFAULT-VALUE}")
  private double learningRate = 1e-5;

  @Option(names = "--weight-decay", paramLabel = "<x>", description = "default ${DEFAULT-VALUE}")
  private double weightDecay = 1e-4;

  @Option(
      names = "--warmup-steps",
      paramLabel = "<n>",
      description = "7 %% of the steps by default")
  private long warmupSteps = -1;

  @Option(names = "--gradient-clip", paramLabel = "<x>", description = "off by default")
  private double gradientClip;

  @Option(
      names = "--average-decay",
      paramLabel = "<x>",
      description = "save a moving average of the weights, such as 0.999; off by default")
  private double averageDecay;

  @Option(
      names = "--freeze",
      paramLabel = "<regex>",
      description = "weights whose names it matches stay as they are")
  private @Nullable Pattern freeze;

  @Option(
      names = "--loader-threads",
      paramLabel = "<n>",
      description = "read images ahead; default ${DEFAULT-VALUE}")
  private int loaderThreads = 1;

  @Option(
      names = "--checkpoint-every",
      paramLabel = "<n>",
      description = "steps; default ${DEFAULT-VALUE}")
  private long checkpointEvery = 200;

  @Option(
      names = "--validate",
      paramLabel = "<folder>",
      description = "images to measure the embeddings' cosine on, clean and attacked")
  private @Nullable Path validate;

  @Option(
      names = "--validate-every",
      paramLabel = "<n>",
      description = "steps; default ${DEFAULT-VALUE}")
  private long validateEvery = 500;

  @Option(
      names = "--tensorboard",
      paramLabel = "<folder>",
      description = "also writes events for TensorBoard")
  private @Nullable Path tensorBoard;

  @Option(names = "--seed", paramLabel = "<n>", description = "default ${DEFAULT-VALUE}")
  private long seed;

  @Mixin private CommonOptions common = new CommonOptions();

  @Override
  public Integer call() throws IOException {
    Path run =
        checkpoints != null ? checkpoints : output.resolveSibling(output.getFileName() + "-run");
    Files.createDirectories(run);
    ImageFolder data = ImageFolder.of(images);
    try (Terminal terminal = common.terminal();
        RobustClipEncoder encoder = model.load();
        FareTrainer trainer = trainer(encoder, run, terminal);
        Interruption interruption = Interruption.watch(trainer::cancel)) {
      boolean wasComplete = trainer.step() >= steps;
      if (trainer.step() > 0) {
        terminal.say("Going on after step %d of %d.", trainer.step(), steps);
      }
      if (Files.exists(output) && !wasComplete) {
        throw new FileAlreadyExistsException(
            output + " is there already; remove it, or choose another --output");
      }
      TrainingSummary summary = trainer.fit(data);
      boolean stopped = interruption.isRequested() && !summary.isComplete();
      if (stopped) {
        terminal.warn(
            "stopped after step %d of %d; the same command goes on from there"
                .formatted(summary.lastStep(), steps));
      } else {
        if (!Files.exists(output)) {
          save(encoder, trainer, summary);
        }
        terminal.say(
            "%d steps in %d s; the robust CLIP: %s",
            summary.lastStep(), summary.duration().toSeconds(), output);
      }
      summary.warnings().forEach(terminal::warn);
      terminal.result(result(summary, run, stopped));
      return stopped ? Fare.FAILED : 0;
    }
  }

  private FareTrainer trainer(RobustClipEncoder encoder, Path run, Terminal terminal) {
    FareTrainerBuilder builder =
        FareTrainer.builder(encoder)
            .loss(trainingLoss())
            .steps(steps)
            .batchSize(batchSize)
            .learningRate(learningRate)
            .weightDecay(weightDecay)
            .loaderThreads(loaderThreads)
            .seed(seed)
            .checkpoints(run)
            .checkpointEvery(checkpointEvery)
            .listener(new CsvMetrics(run.resolve("metrics.csv")))
            .listener(new JsonLinesMetrics(run.resolve("metrics.jsonl")))
            .listener(new Progress(terminal, steps));
    chooseAttack(builder);
    if (microBatchSize > 0) {
      builder.microBatchSize(microBatchSize);
    }
    if (warmupSteps >= 0) {
      builder.warmupSteps(warmupSteps);
    }
    if (gradientClip > 0) {
      builder.gradientClip(gradientClip);
    }
    if (averageDecay > 0) {
      builder.averageDecay(averageDecay);
    }
    if (freeze != null) {
      builder.freeze(freeze.asPredicate());
    }
    if (tensorBoard != null) {
      builder.listener(new TensorBoardMetrics(tensorBoard));
    }
    if (validate != null) {
      builder.validation(
          Validation.closeness(
              ImageFolder.of(validate), PgdAttack.builder(threat.threatModel()).steps(50).build()),
          validateEvery);
    }
    return builder.build();
  }

  private TrainingLoss trainingLoss() {
    return cleanWeight > 0
        ? loss.value().withClean(EmbeddingLoss.squaredDistance(), cleanWeight)
        : loss.value();
  }

  private void chooseAttack(FareTrainerBuilder builder) {
    ThreatModel allowed = threat.threatModel();
    switch (attack) {
      case PGD -> {
        PgdAttack.Builder pgd = PgdAttack.builder(allowed).steps(attackSteps);
        if (stepSize != null) {
          pgd.stepSize(stepSize.value());
        }
        builder.attack(pgd.build());
      }
      case APGD -> builder.attack(ApgdAttack.builder(allowed).steps(attackSteps).build());
      case NONE -> builder.withoutAttack();
    }
  }

  private void save(RobustClipEncoder encoder, FareTrainer trainer, TrainingSummary summary)
      throws IOException {
    if (averageDecay > 0) {
      try (RobustClipEncoder average = (RobustClipEncoder) trainer.averagedEncoder()) {
        average.save(output);
      }
    } else {
      encoder.save(output);
    }
    ModelCard.of(output.getFileName().toString(), summary)
        .baseModel(model.source().path().toString())
        .threatModel(ThreatResult.label(threat.threatModel()))
        .write(output);
  }

  private Map<String, Object> result(TrainingSummary summary, Path run, boolean stopped) {
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("complete", summary.isComplete());
    result.put("firstStep", summary.firstStep());
    result.put("lastStep", summary.lastStep());
    result.put("finalLoss", Double.isFinite(summary.finalLoss()) ? summary.finalLoss() : null);
    result.put("validation", summary.validation());
    result.put("seconds", summary.duration().toMillis() / 1000.0);
    result.put("model", stopped ? null : output.toString());
    result.put("checkpoints", run.toString());
    return result;
  }

  /** Shows how far the training is. */
  private record Progress(Terminal terminal, long steps) implements TrainingListener {
    @Override
    public void onStep(StepResult result) {
      terminal.progress(
          "train",
          result.step(),
          steps,
          String.format(
              Locale.ROOT,
              "loss %.4g, cosine under attack %.3f",
              result.loss(),
              result.adversarialCosine()));
    }

    @Override
    public void onValidation(long step, Map<String, Double> values) {
      terminal.say("step %d: %s", step, values);
    }
  }
}
