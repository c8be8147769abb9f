package dev.fare.examples.attacks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import dev.fare.AttackResult;
import dev.fare.Norm;
import dev.fare.ThreatModel;
import dev.fare.attacks.ApgdAttack;
import dev.fare.attacks.AutoAttack;
import dev.fare.attacks.EpsilonSweep;
import dev.fare.attacks.Objectives;
import dev.fare.attacks.PgdAttack;
import dev.fare.data.ImageArrays;
import dev.fare.evaluation.autoattack.AutoAttackEvaluation;
import dev.fare.evaluation.autoattack.AutoAttackReport;
import dev.fare.examples.emoji.EmojiData;
import dev.fare.examples.emoji.EmojiDataset;
import dev.fare.examples.quickstart.EmbeddedClip;
import dev.fare.models.ClipModel;
import dev.fare.models.ZeroShotClassifier;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/**
 * PGD, APGD, an objective of one's own, several radii and AutoAttack on a CLIP of the quick start.
 *
 * <p>Argument: the CLIP's directory, such as {@code fare-quickstart/robust}; without one the
 * embedded original is attacked.
 */
public final class AttackTour {

  private static final int IMAGES = 48;
  private static final ThreatModel THREAT = ThreatModel.linf(4 / 255.0);

  private AttackTour() {}

  /** Runs the tour. */
  public static void main(String[] args) throws IOException {
    Path model =
        args.length > 0
            ? Path.of(args[0])
            : EmbeddedClip.copyTo(Files.createTempDirectory("emoji-clip"));
    EmojiData data = EmojiData.load();
    try (ClipModel clip = ClipModel.load(model);
        ZeroShotClassifier classifier =
            clip.zeroShotClassifier(data.pack().names(), EmbeddedClip.TEMPLATES);
        NDManager manager = NDManager.newBaseManager("PyTorch")) {
      EmojiDataset test = EmojiDataset.testSetA(data, IMAGES);
      NDArray images = ImageArrays.pixels(test, clip.imageEncoder().imageSize(), manager);
      NDArray labels = ImageArrays.labels(test, manager);
      run(clip, classifier, images, labels, data.pack().names().indexOf("hot dog"), System.out);
    }
  }

  private static void run(
      ClipModel clip,
      ZeroShotClassifier classifier,
      NDArray images,
      NDArray labels,
      int hotDog,
      PrintStream out) {
    PgdAttack pgd = PgdAttack.builder(THREAT).steps(10).stepSize(1 / 255.0).build();
    AttackResult moved =
        pgd.perturb(Objectives.embeddingShift(clip.imageEncoder(), images), images);
    NDArray clean = clip.imageEncoder().embed(images);
    double share = moved.losses().sum().getFloat() / clean.square().sum().getFloat();
    out.printf(Locale.ROOT, "PGD moves the embedding by %.2f of its own squared length%n", share);

    ApgdAttack apgd = ApgdAttack.builder(THREAT).steps(100).build();
    AttackResult fooled = apgd.perturb(Objectives.crossEntropy(classifier, labels), images);
    out.printf("APGD-CE leaves %s right%n", percent(1 - mean(fooled.succeeded())));

    AttackResult hotDogs = apgd.perturb(new LookLike(classifier, hotDog), images);
    out.printf("of all pictures %s can be made a hot dog%n", percent(mean(hotDogs.succeeded())));

    double[] epsilons = {1 / 255.0, 2 / 255.0, 4 / 255.0};
    EpsilonSweep.Matrix sweep =
        EpsilonSweep.run(
            Norm.LINF,
            threat -> PgdAttack.builder(threat).steps(10).build(),
            epsilons,
            Objectives.crossEntropy(classifier, labels),
            images);
    for (int i = 0; i < epsilons.length; i++) {
      out.printf(
          Locale.ROOT,
          "PGD at %.0f/255 leaves %s right%n",
          255 * epsilons[i],
          percent(sweep.robustShares()[i]));
    }
    out.println();

    AutoAttack auto = AutoAttack.builder(THREAT).version(AutoAttack.Version.PAPER).build();
    AutoAttackEvaluation evaluation = AutoAttackEvaluation.builder(auto).build();
    try (AutoAttackReport report = evaluation.evaluate(classifier, images, labels)) {
      out.print(report.table());
    }
  }

  private static double mean(NDArray flags) {
    return flags.toType(DataType.FLOAT32, false).mean().getFloat();
  }

  private static String percent(double share) {
    return String.format(Locale.ROOT, "%.1f %%", 100 * share);
  }
}
