package dev.fare.examples.recipes;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import dev.fare.Precision;
import dev.fare.examples.CommandLines;
import dev.fare.examples.emoji.EmojiBatch;
import dev.fare.examples.emoji.EmojiData;
import dev.fare.examples.emoji.EmojiTestSet;
import dev.fare.examples.quickstart.EmbeddedClip;
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
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Trains the embedded CLIP from scratch on the emoji scenes, about an hour on two cores.
 *
 * <p>What is written is the directory that lies embedded in this module, Hugging Face's layout with
 * float16 weights; what is printed last are the results that its model card quotes.
 */
@Command(
    name = "emoji-clip",
    description = "Trains the embedded CLIP from scratch on pictures and names of emoji.",
    mixinStandardHelpOptions = true)
public final class EmojiClipRecipe implements Callable<Integer> {

  private static final int EVALUATE_EVERY = 250;

  static final ClipConfig CONFIG =
      ClassSentences.clip(new VitConfig(48, 8, 192, 6, 3, 768, 128, Activation.QUICK_GELU, 1e-5));

  @Option(names = "--output", description = "directory to write", required = true)
  private Path output = Path.of("emoji-clip");

  @Option(names = "--steps", description = "updates, default ${DEFAULT-VALUE}")
  private int steps = 3600;

  @Option(names = "--batch-size", description = "pictures an update, default ${DEFAULT-VALUE}")
  private int batchSize = 128;

  @Option(names = "--learning-rate", description = "the peak, default ${DEFAULT-VALUE}")
  private double learningRate = 1e-3;

  @Option(names = "--warmup-steps", description = "default ${DEFAULT-VALUE}")
  private int warmupSteps = 200;

  @Option(names = "--seed", description = "default ${DEFAULT-VALUE}")
  private long seed = 1;

  @Spec private CommandLine.Model.CommandSpec command = CommandLine.Model.CommandSpec.create();

  /** Runs the recipe. */
  public static void main(String[] args) {
    CommandLines.run(new EmojiClipRecipe(), args);
  }

  @Override
  public Integer call() throws IOException {
    PrintWriter out = command.commandLine().getOut();
    EmojiData data = EmojiData.load();
    TrainingLog log = new TrainingLog(out, steps, EVALUATE_EVERY);
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        ClipWeights weights = new ClipWeights(CONFIG, seed, Precision.FLOAT32, manager);
        ContrastiveTrainer trainer = new ContrastiveTrainer(weights)) {
      ClassSentences names = ClassSentences.of(data.pack().names(), EmbeddedClip.TEMPLATES);
      LearningRateSchedule schedule = LearningRateSchedule.cosine(warmupSteps, steps);
      for (int step = 0; step < steps; step++) {
        EmojiBatch batch = data.trainingBatch((long) step * batchSize, batchSize, strength(step));
        ClassSentences.Captions captions = names.captions(batch.labels(), seed * 7919 + step);
        double loss =
            trainer.step(
                batch.images(),
                captions.texts(),
                captions.textOfImage(),
                schedule.rate(learningRate, step));
        log.add(step, loss, () -> ", " + results(data, names, trainer));
      }
      weights.write(output, DataType.FLOAT16);
      out.printf("as written, with all sentences:%n%s%n", EmojiClipEvaluation.describe(output));
      out.flush();
    }
    return 0;
  }

  /**
   * The augmentation grows with what has been learnt; at full strength from the start, it stalls.
   */
  private double strength(int step) {
    return 0.1 + 0.6 * step / steps;
  }

  /** Top-1 and top-5 of the zero-shot classifier on both test sets. */
  static String results(EmojiData data, ClassSentences names, ContrastiveTrainer trainer) {
    return results("A", data.testSetA(2 * names.size()), names, trainer)
        + ", "
        + results("B", data.testSetB(4), names, trainer);
  }

  private static String results(
      String name, EmojiTestSet set, ClassSentences names, ContrastiveTrainer trainer) {
    EmojiBatch all = set.all();
    int[] ranks = trainer.ranks(all.images(), all.labels(), names.plain());
    return String.format(
        Locale.ROOT,
        "%s top-1 %.1f %% top-5 %.1f %%",
        name,
        100 * share(ranks, 1),
        100 * share(ranks, 5));
  }

  private static double share(int[] ranks, int top) {
    return Arrays.stream(ranks).filter(rank -> rank < top).count() / (double) ranks.length;
  }
}
