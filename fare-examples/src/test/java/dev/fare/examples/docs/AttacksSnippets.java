package dev.fare.examples.docs;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.fare.AttackControl;
import dev.fare.AttackResult;
import dev.fare.ThreatModel;
import dev.fare.attacks.ApgdAttack;
import dev.fare.attacks.AutoAttack;
import dev.fare.attacks.Objectives;
import dev.fare.attacks.PgdAttack;
import dev.fare.data.ImageArrays;
import dev.fare.data.ImageFolder;
import dev.fare.examples.attacks.LookLike;
import dev.fare.models.ClipModel;
import dev.fare.models.RobustClipEncoder;
import dev.fare.models.ZeroShotClassifier;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;

/** docs/attacks.md's Java, top to bottom; {@link DocsTest} compares and runs it. */
final class AttacksSnippets {

  private AttacksSnippets() {}

  static void page() throws IOException {
    ClipModel clip = ClipModel.load(Path.of("fare-quickstart/original"));
    RobustClipEncoder encoder = clip.imageEncoder();
    ImageFolder drawings = ImageFolder.of(Path.of("fare-quickstart/drawings"));
    ZeroShotClassifier classifier = clip.zeroShotClassifier(drawings.classNames());
    NDManager manager = NDManager.newBaseManager();
    NDArray images = ImageArrays.pixels(drawings, encoder.imageSize(), manager); // [N,3,S,S]
    NDArray labels = ImageArrays.labels(drawings, manager); // [N]

    ThreatModel ball = ThreatModel.linf(4 / 255.0);
    PgdAttack pgd = PgdAttack.builder(ball).steps(10).stepSize(1 / 255.0).build();
    AttackResult moved = pgd.perturb(Objectives.embeddingShift(encoder, images), images);
    float shift = moved.losses().mean().getFloat(); // the squared distance of the embeddings

    ApgdAttack apgd = ApgdAttack.builder(ball).steps(100).build();
    AttackResult worst = apgd.perturb(Objectives.crossEntropy(classifier, labels), images);
    long fooled = worst.succeeded().countNonzero().getLong();

    AttackResult lookalikes = apgd.perturb(new LookLike(classifier, 0), images);

    AutoAttack autoAttack = AutoAttack.builder(ball).version(AutoAttack.Version.PAPER).build();
    AttackResult found = autoAttack.perturb(Objectives.crossEntropy(classifier, labels), images);

    AttackControl control = AttackControl.unlimited().withTimeLimit(Duration.ofMinutes(10));
    ApgdAttack limited =
        ApgdAttack.builder(ball)
            .control(control) // control.cancel() from any thread ends it, too
            .listener(progress -> System.out.println("loss " + progress.meanLoss()))
            .build();

    assertThat(shift).isPositive();
    assertThat(fooled).isBetween(0L, images.getShape().get(0));
    assertThat(lookalikes.succeeded().getBoolean(0)).as("it is of class 0").isTrue();
    assertThat(found.succeeded().countNonzero().getLong()).isGreaterThanOrEqualTo(fooled);
    assertThat(limited).hasToString(apgd.toString());
    manager.close();
    classifier.close();
    clip.close();
  }
}
