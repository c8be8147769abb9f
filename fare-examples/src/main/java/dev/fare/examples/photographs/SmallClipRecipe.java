package dev.fare.examples.photographs;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import dev.fare.data.BatchLoader;
import dev.fare.data.HostBatch;
import dev.fare.data.ImageDataset;
import dev.fare.evaluation.RobustnessEvaluation;
import dev.fare.examples.CommandLines;
import dev.fare.examples.recipes.ClassSentences;
import dev.fare.examples.recipes.ClipWeights;
import dev.fare.examples.recipes.ContrastiveTrainer;
import dev.fare.examples.recipes.TrainingLog;
import dev.fare.models.ClipModel;
import dev.fare.models.ZeroShotClassifier;
import dev.fare.models.format.ClipConfig;
import dev.fare.models.transformer.Activation;
import dev.fare.models.vision.VitConfig;
import dev.fare.training.optimizer.LearningRateSchedule;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Trains a small CLIP from scratch on pictures in class folders or on CIFAR-10: the names of the
 * classes are its texts.
 *
 * <pre>{@code
 * mvn -q compile exec:java -Dexec.mainClass=dev.fare.examples.photographs.SmallClipRecipe \
 *   -Dexec.args="--data my-pictures --output my-clip --image-size 64 --patch-size 8"
 * }</pre>
 */
@Command(
    name = "small-clip",
    description = "Trains a small CLIP from scratch on class folders or CIFAR-10.",
    mixinStandardHelpOptions = true)
public final class SmallClipRecipe implements Callable<Integer> {

  /** Of a head; OpenAI's towers have the same in every size. */
  private static final int HEAD_WIDTH = 64;

  @Mixin private PhotographOptions photographs = new PhotographOptions();

  @Mixin private TrainingOptions training = new TrainingOptions(4000, 128, 1e-3);

  @Option(names = "--output", description = "directory to write", required = true)
  private Path output = Path.of("small-clip");

  @Option(names = "--image-size", description = "side in pixels, default ${DEFAULT-VALUE}")
  private int imageSize = 32;

  @Option(names = "--patch-size", description = "side in pixels, default ${DEFAULT-VALUE}")
  private int patchSize = 4;

  @Option(names = "--width", description = "of a token, default ${DEFAULT-VALUE}")
  private int width = 192;

  @Option(names = "--layers", description = "of the vision tower, default ${DEFAULT-VALUE}")
  private int layers = 6;

  @Option(names = "--warmup-steps", description = "default ${DEFAULT-VALUE}")
  private int warmupSteps = 200;

  @Spec private CommandLine.Model.CommandSpec command = CommandLine.Model.CommandSpec.create();

  /** Runs the recipe. */
  public static void main(String[] args) {
    CommandLines.run(new SmallClipRecipe(), args);
  }

  @Override
  public Integer call() throws IOException {
    PrintWriter out = command.commandLine().getOut();
    Photographs data = photographs.load(training.augmentation());
    out.printf("training on %s%n", data.training().description());
    out.flush();
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        ClipWeights weights =
            new ClipWeights(config(), training.seed, training.precision, manager);
        ContrastiveTrainer trainer = new ContrastiveTrainer(weights);
        BatchLoader loader =
            BatchLoader.builder(data.training(), imageSize)
                .batchSize(training.batchSize)
                .seed(training.seed)
                .threads(1)
                .batches(0, training.steps)
                .build()) {
      ClassSentences names = ClassSentences.of(data.classNames(), Photographs.TEMPLATES);
      train(trainer, loader, names, manager, out);
      weights.write(output, DataType.FLOAT32);
    }
    out.printf(
        Locale.ROOT,
        "%s: zero-shot accuracy on %d pictures of the test set: %.1f %%%n",
        output,
        data.test().size(),
        100 * accuracy(data));
    out.flush();
    return 0;
  }

  private ClipConfig config() {
    int heads = Math.max(1, width / HEAD_WIDTH);
    return ClassSentences.clip(
        new VitConfig(
            imageSize,
            patchSize,
            width,
            layers,
            heads,
            4 * width,
            128,
            Activation.QUICK_GELU,
            1e-5));
  }

  private void train(
      ContrastiveTrainer trainer,
      BatchLoader loader,
      ClassSentences names,
      NDManager manager,
      PrintWriter out) {
    TrainingLog log = new TrainingLog(out, training.steps, training.printEvery);
    LearningRateSchedule schedule = LearningRateSchedule.cosine(warmupSteps, training.steps);
    for (int step = 0; step < training.steps; step++) {
      HostBatch batch = loader.next().orElseThrow();
      int[] labels = Arrays.stream(batch.labels()).mapToInt(Math::toIntExact).toArray();
      ClassSentences.Captions captions = names.captions(labels, training.seed * 7919 + step);
      double loss;
      try (NDManager ofStep = manager.newSubManager()) {
        loss =
            trainer.step(
                batch.pixels(ofStep),
                captions.texts(),
                captions.textOfImage(),
                schedule.rate(training.learningRate, step));
      }
      loader.recycle(batch);
      log.add(step, loss, () -> "");
    }
  }

  private double accuracy(Photographs data) throws IOException {
    ImageDataset test = data.test();
    try (ClipModel clip = ClipModel.load(output);
        ZeroShotClassifier classifier =
            clip.zeroShotClassifier(data.classNames(), Photographs.TEMPLATES)) {
      return RobustnessEvaluation.builder(imageSize)
          .model("clip", classifier)
          .build()
          .evaluate("test", test)
          .model("clip")
          .clean()
          .value();
    }
  }
}
