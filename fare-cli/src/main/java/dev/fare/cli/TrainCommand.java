package dev.fare.cli;

import ai.djl.ndarray.NDManager;
import dev.fare.ThreatModel;
import dev.fare.cli.options.ImageOption;
import dev.fare.cli.options.InnerAttackOptions;
import dev.fare.cli.options.LossOptions;
import dev.fare.cli.options.MemoryOptions;
import dev.fare.cli.options.ModelOptions;
import dev.fare.cli.options.RunOptions;
import dev.fare.cli.options.UpdateOptions;
import dev.fare.data.ImageDataset;
import dev.fare.data.PictureDataset;
import dev.fare.image.Augmentation;
import dev.fare.models.RobustClipEncoder;
import dev.fare.training.FareTrainer;
import dev.fare.training.ModelCard;
import dev.fare.training.StepResult;
import dev.fare.training.TrainingListener;
import dev.fare.training.TrainingSummary;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

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
    abbreviateSynopsis = true,
    footer = {
      "",
      "FARE at 4/255 as published, on a folder of unlabelled images:",
      "  fare train --model clip-vit-large-patch14 --images imagenet/train --output fare4",
      "A short run on a small machine:",
      "  fare train --model clip --images photos --output fare4 \\",
      "      --steps 500 --batch-size 32 --attack-steps 2 --learning-rate 1e-4",
      "TeCoA on images in class folders, the settings in a file:",
      "  fare train --config tecoa.properties      (lines such as loss = tecoa)"
    })
final class TrainCommand implements Callable<Integer> {

  /** What a shell leaves as it is. */
  private static final Pattern PLAIN = Pattern.compile("[\\w./:=,@%+-]+");

  @Mixin private ModelOptions model = new ModelOptions();

  @Mixin private ImageOption images = new ImageOption();

  @Option(
      names = "--output",
      required = true,
      paramLabel = "<folder>",
      description = "the robust CLIP, in Hugging Face's layout")
  private Path output = Path.of("");

  @Option(
      names = "--crop",
      paramLabel = "<share>",
      description = "random crops of at least this share of a picture; off by default")
  private @Nullable Double crop;

  @Option(names = "--flip", description = "mirror every other picture")
  private boolean flip;

  @Option(
      names = "--license",
      paramLabel = "<id>",
      description = "of the model, an SPDX identifier for its card; default ${DEFAULT-VALUE}")
  private String license = "other";

  @ArgGroup(validate = false, heading = "%nWhat is minimised:%n", order = 10)
  private LossOptions loss = new LossOptions();

  @ArgGroup(validate = false, heading = "%nThe attack inside each update:%n", order = 20)
  private InnerAttackOptions attack = new InnerAttackOptions();

  @ArgGroup(validate = false, heading = "%nThe updates:%n", order = 30)
  private UpdateOptions updates = new UpdateOptions();

  @ArgGroup(validate = false, heading = "%nMemory and time:%n", order = 40)
  private MemoryOptions memory = new MemoryOptions();

  @ArgGroup(validate = false, heading = "%nThe run:%n", order = 50)
  private RunOptions run = new RunOptions();

  @Mixin private CommonOptions common = new CommonOptions();

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws IOException {
    Path folder = Files.createDirectories(run.folder(output));
    try (Terminal terminal = common.terminal();
        RobustClipEncoder encoder = model.load();
        NDManager manager = NDManager.newBaseManager(encoder.device(), "PyTorch")) {
      ImageDataset data = augmented(images.open().data());
      FareTrainer.Builder<RobustClipEncoder> builder =
          FareTrainer.builder(encoder)
              .loss(loss.loss(data, model.source(), manager))
              .listener(new Progress(terminal, updates.steps));
      attack.describe(builder, updates.seed);
      updates.describe(builder);
      memory.describe(builder);
      run.describe(builder, folder, attack.threatModel(), model.source(), loss);
      try (FareTrainer<RobustClipEncoder> trainer = builder.build()) {
        return train(encoder, trainer, data, folder, terminal);
      }
    }
  }

  private int train(
      RobustClipEncoder encoder,
      FareTrainer<RobustClipEncoder> trainer,
      ImageDataset data,
      Path folder,
      Terminal terminal)
      throws IOException {
    try (Interruption interruption = Interruption.watch(trainer::cancel)) {
      if (trainer.step() > 0) {
        terminal.say("Going on after step %d of %d.", trainer.step(), updates.steps);
      }
      if (Files.exists(output) && !trainer.isFinished()) {
        throw new FileAlreadyExistsException(
            output + " is there already; remove it, or choose another --output");
      }
      TrainingSummary summary = trainer.fit(data);
      boolean stopped = interruption.isRequested() && !trainer.isFinished();
      if (stopped) {
        terminal.warn(
            "stopped after step %d of %d; the same command goes on from there"
                .formatted(summary.lastStep(), updates.steps));
      } else {
        save(encoder, trainer, summary);
        terminal.say(
            "%d steps in %d s; the robust CLIP: %s",
            summary.lastStep(), summary.duration().toSeconds(), output);
      }
      summary.warnings().forEach(terminal::warn);
      terminal.result(result(summary, folder, stopped));
      return stopped ? Fare.FAILED : 0;
    }
  }

  private ImageDataset augmented(ImageDataset data) {
    if (crop == null && !flip) {
      return data;
    }
    if (!(data instanceof PictureDataset<?> pictures)) {
      throw new IllegalArgumentException("--crop and --flip need pictures, not " + data);
    }
    Augmentation augmentation =
        crop == null ? Augmentation.randomFlip() : Augmentation.randomResizedCrop(crop);
    return pictures.augmentation(
        (flip ? augmentation.flip() : augmentation).withSeed(updates.seed));
  }

  /** What a run that was killed here has saved already stays. */
  private void save(
      RobustClipEncoder encoder, FareTrainer<RobustClipEncoder> trainer, TrainingSummary summary)
      throws IOException {
    if (!Files.exists(output)) {
      if (updates.averages()) {
        try (RobustClipEncoder average = trainer.averagedEncoder()) {
          average.save(output);
        }
      } else {
        encoder.save(output);
      }
    }
    if (ModelCard.FILES.stream().anyMatch(file -> !Files.exists(output.resolve(file)))) {
      ModelCard card =
          ModelCard.of(output.getFileName().toString(), summary)
              .license(license)
              .baseModel(name(model.source().path()))
              .command(commandLine());
      attack.trainedAgainst().map(ThreatModel::label).ifPresent(card::threatModel);
      card.write(output);
    }
  }

  /** A card is published: it says which model was tuned, not where it lay. */
  private static String name(Path path) {
    Path name = path.toAbsolutePath().normalize().getFileName();
    return name == null ? "" : name.toString();
  }

  /** As it was given, for a shell. */
  private String commandLine() {
    List<String> words = spec.root().commandLine().getParseResult().originalArgs();
    return words.stream()
        .map(word -> PLAIN.matcher(word).matches() ? word : "'" + word.replace("'", "'\\''") + "'")
        .collect(Collectors.joining(" ", "fare ", ""));
  }

  private Map<String, Object> result(TrainingSummary summary, Path folder, boolean stopped) {
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("complete", summary.isComplete());
    result.put("firstStep", summary.firstStep());
    result.put("lastStep", summary.lastStep());
    result.put("finalLoss", Double.isFinite(summary.finalLoss()) ? summary.finalLoss() : null);
    result.put("validation", summary.validation());
    result.put("seconds", summary.duration().toMillis() / 1000.0);
    result.put("model", stopped ? null : output.toString());
    result.put("checkpoints", folder.toString());
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
