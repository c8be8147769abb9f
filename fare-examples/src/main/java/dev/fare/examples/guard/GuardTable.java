package dev.fare.examples.guard;

import dev.fare.ThreatModel;
import dev.fare.data.ImageSubset;
import dev.fare.evaluation.guard.InputGuard;
import dev.fare.examples.CommandLines;
import dev.fare.examples.emoji.EmojiData;
import dev.fare.examples.emoji.EmojiDataset;
import dev.fare.examples.quickstart.EmbeddedClip;
import dev.fare.models.ClipModel;
import dev.fare.models.RobustClipEncoder;
import dev.fare.models.ZeroShotClassifier;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * How well an {@link InputGuard} tells attacked images from clean ones on the embedded data, and
 * what an attacker makes of it who knows it.
 *
 * <pre>mvn -q compile exec:java -Dexec.mainClass=dev.fare.examples.guard.GuardTable</pre>
 */
@Command(
    name = "guard-table",
    description = "Attacks an input guard made of the quick start's two encoders.",
    mixinStandardHelpOptions = true)
public final class GuardTable implements Runnable {

  private static final int TEST_SET = 960;

  @Parameters(
      arity = "0..1",
      description = "what the quick start has written, default ${DEFAULT-VALUE}")
  private Path quickStart = Path.of("fare-quickstart");

  @Option(names = "--images", description = "that are attacked, default ${DEFAULT-VALUE}")
  private int images = 96;

  @Option(names = "--calibration", description = "clean images, default ${DEFAULT-VALUE}")
  private int calibration = 199;

  @Option(names = "--false-alarms", description = "share that is allowed, default ${DEFAULT-VALUE}")
  private double falseAlarms = 0.05;

  @Option(names = "--steps", description = "of each attack, default ${DEFAULT-VALUE}")
  private int steps = 40;

  /** Prints the table. */
  public static void main(String[] args) {
    CommandLines.run(new GuardTable(), args);
  }

  @Override
  public void run() {
    EmojiData data = EmojiData.load();
    EmojiDataset all = EmojiDataset.testSetA(data, TEST_SET);
    // even scenes are attacked, odd ones calibrate
    ImageSubset attacked = half(all, 0, images);
    ImageSubset ordinary = half(all, 1, calibration);
    try (ClipModel clip = ClipModel.load(quickStart.resolve("original"));
        ZeroShotClassifier original =
            clip.zeroShotClassifier(data.pack().names(), EmbeddedClip.TEMPLATES);
        RobustClipEncoder robust = RobustClipEncoder.load(quickStart.resolve("robust"));
        ZeroShotClassifier fare = original.withImageEncoder(robust)) {
      InputGuard guard = InputGuard.calibrate(clip.imageEncoder(), robust, ordinary, falseAlarms);
      System.out.printf(
          Locale.ROOT,
          "threshold %.3f for %.0f %% false alarms, from %d clean images; l∞ 4/255, %d images%n%n",
          guard.threshold(),
          100 * falseAlarms,
          ordinary.size(),
          attacked.size());
      GuardTrial trial =
          new GuardTrial(guard, clip.imageEncoder(), original, fare, ThreatModel.linf(4 / 255.0));
      print(trial.run(attacked, steps));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static ImageSubset half(EmojiDataset all, int remainder, int count) {
    return ImageSubset.evenly(ImageSubset.where(all, index -> index % 2 == remainder), count);
  }

  private static void print(List<GuardTrial.Row> rows) {
    System.out.printf(
        "%-46s %6s %9s %8s %14s%n", "attack", "AUROC", "detected", "fooled", "fooled, unseen");
    for (GuardTrial.Row row : rows) {
      System.out.printf(
          Locale.ROOT,
          "%-46s %6.3f %7.1f %% %6.1f %% %12.1f %%%n",
          row.attack(),
          row.detection().auroc(),
          100 * row.detected().value(),
          100 * row.fooled().value(),
          100 * row.fooledUnseen().value());
    }
  }
}
