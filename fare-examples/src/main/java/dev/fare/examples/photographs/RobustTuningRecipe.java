package dev.fare.examples.photographs;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.fare.ThreatModel;
import dev.fare.attacks.PgdAttack;
import dev.fare.data.ImageDataset;
import dev.fare.data.ImageSubset;
import dev.fare.examples.CommandLines;
import dev.fare.models.ClipModel;
import dev.fare.models.RobustClipEncoder;
import dev.fare.training.FareTrainer;
import dev.fare.training.StepResult;
import dev.fare.training.TrainingListener;
import dev.fare.training.TrainingSummary;
import dev.fare.training.loss.TrainingLoss;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Makes the vision encoder of a small CLIP robust with FARE or TeCoA, on the pictures of some or
 * all classes. FARE doesn't look at their labels.
 */
@Command(
    name = "robust-tuning",
    description = "Fine-tunes a CLIP's vision encoder with FARE or TeCoA.",
    mixinStandardHelpOptions = true)
public final class RobustTuningRecipe implements Callable<Integer> {

  /** What can be compared on the same pictures. */
  enum Loss {
    FARE,
    TECOA
  }

  @Mixin private PhotographOptions photographs = new PhotographOptions();

  @Mixin private TrainingOptions training = new TrainingOptions(400, 64, 5e-4);

  @Option(names = "--model", description = "directory of the CLIP", required = true)
  private Path model = Path.of("small-clip");

  @Option(names = "--output", description = "directory to write", required = true)
  private Path output = Path.of("robust-clip");

  @Option(names = "--loss", description = "${COMPLETION-CANDIDATES}, default ${DEFAULT-VALUE}")
  private Loss loss = Loss.FARE;

  @Option(names = "--epsilon", description = "l∞ radius in 255ths, default ${DEFAULT-VALUE}")
  private double epsilon = 4;

  @Option(
      names = "--attack-steps",
      description = "of PGD; a step is 2.5 epsilon over their number, default ${DEFAULT-VALUE}")
  private int attackSteps = 3;

  @Option(
      names = "--classes",
      split = ",",
      description = "whose pictures are used, separated by commas; all by default")
  private List<String> classes = List.of();

  @Spec private CommandLine.Model.CommandSpec command = CommandLine.Model.CommandSpec.create();

  /** Runs the recipe. */
  public static void main(String[] args) {
    CommandLines.run(new RobustTuningRecipe(), args);
  }

  @Override
  public Integer call() throws IOException {
    PrintWriter out = command.commandLine().getOut();
    Photographs data = photographs.load(training.augmentation());
    ImageDataset pictures =
        classes.isEmpty() ? data.training() : ImageSubset.ofClasses(data.training(), classes);
    out.printf("tuning on %s%n", pictures.description());
    out.flush();
    try (RobustClipEncoder encoder =
            RobustClipEncoder.builder(model).precision(training.precision).load();
        NDManager manager = NDManager.newBaseManager("PyTorch");
        FareTrainer<?> trainer =
            describe(encoder, data, manager)
                .listener(new Progress(out, training.printEvery))
                .build()) {
      TrainingSummary summary = trainer.fit(pictures);
      encoder.save(output);
      out.printf(
          Locale.ROOT,
          "%s: %d steps of %d pictures in %d s, adversarial cosine %.3f%n",
          output,
          summary.lastStep(),
          training.batchSize,
          summary.duration().toSeconds(),
          summary.finalAdversarialCosine());
      out.flush();
    }
    return 0;
  }

  private FareTrainer.Builder<?> describe(
      RobustClipEncoder encoder, Photographs data, NDManager manager) throws IOException {
    ThreatModel threat = ThreatModel.linf(epsilon / 255);
    return FareTrainer.builder(encoder)
        .loss(loss == Loss.FARE ? TrainingLoss.fare() : tecoa(data, manager))
        .attack(
            PgdAttack.builder(threat)
                .steps(attackSteps)
                .stepSize(2.5 * threat.epsilon() / attackSteps)
                .seed(training.seed)
                .build())
        .learningRate(training.learningRate)
        .steps(training.steps)
        .batchSize(training.batchSize)
        .loaderThreads(1)
        .seed(training.seed);
  }

  /** All class names, so that those that are not shown stay wrong answers. */
  private TrainingLoss tecoa(Photographs data, NDManager manager) throws IOException {
    try (ClipModel clip = ClipModel.load(model)) {
      List<String> sentences =
          data.classNames().stream()
              .map(name -> Photographs.TEMPLATES.get(0).replace("{}", name))
              .toList();
      NDArray embeddings = manager.create(clip.embedText(sentences)); // [K,D]
      return TrainingLoss.tecoa(embeddings);
    }
  }

  /** A line now and then. */
  private record Progress(PrintWriter out, int every) implements TrainingListener {
    @Override
    public void onStep(StepResult result) {
      if (result.step() % every == 0) {
        out.printf(
            Locale.ROOT,
            "step %d, loss %.3f, adversarial cosine %.3f%n",
            result.step(),
            result.loss(),
            result.adversarialCosine());
        out.flush();
      }
    }
  }
}
