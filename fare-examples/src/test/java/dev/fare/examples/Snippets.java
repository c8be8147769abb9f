package dev.fare.examples;

import ai.djl.modality.cv.Image;
import ai.djl.ndarray.NDArray;
import dev.fare.AttackResult;
import dev.fare.Classifier;
import dev.fare.ThreatModel;
import dev.fare.attacks.ApgdAttack;
import dev.fare.attacks.Objectives;
import dev.fare.attacks.PgdAttack;
import dev.fare.data.ImageFolder;
import dev.fare.evaluation.EvaluationAttacks;
import dev.fare.evaluation.audit.ZeroShotAudit;
import dev.fare.evaluation.report.ReportFiles;
import dev.fare.evaluation.report.ReportModel;
import dev.fare.evaluation.report.Verdict;
import dev.fare.models.ClipModel;
import dev.fare.models.RobustClipEncoder;
import dev.fare.models.TokenLayer;
import dev.fare.models.ZeroShotClassifier;
import dev.fare.training.FareTrainer;
import dev.fare.vlm.llava.LlavaModel;
import dev.fare.vlm.llava.VlmObjective;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/** The README's Java, compiled as it stands there; {@link ReadmeTest} compares and runs it. */
final class Snippets {

  private Snippets() {}

  static void swap(Image image, NDArray pixels, BiConsumer<float[], NDArray> pipeline)
      throws IOException {
    try (RobustClipEncoder encoder = RobustClipEncoder.load(Path.of("fare-quickstart/robust"))) {
      float[] embedding = encoder.embed(image); // ai.djl.modality.cv.Image of any size
      NDArray tokens = encoder.tokens(pixels, TokenLayer.LLAVA); // [N,3,S,S] in [0,1] -> [N,T,C]
      pipeline.accept(embedding, tokens);
    }
  }

  static List<AttackResult> attack(
      RobustClipEncoder encoder, Classifier classifier, NDArray images, NDArray labels) {
    PgdAttack pgd =
        PgdAttack.builder(ThreatModel.linf(4 / 255.0)).steps(10).stepSize(1 / 255.0).build();
    AttackResult moved = pgd.perturb(Objectives.embeddingShift(encoder, images), images);

    ApgdAttack apgd = ApgdAttack.builder(ThreatModel.linf(4 / 255.0)).steps(100).build();
    AttackResult worst = apgd.perturb(Objectives.crossEntropy(classifier, labels), images);
    return List.of(moved, worst);
  }

  static void audit(Consumer<String> show) throws IOException {
    ReportModel report =
        ZeroShotAudit.of(Path.of("fare-quickstart/drawings")) // a sub-folder for each class
            .model("original", Path.of("fare-quickstart/original"))
            .model("FARE", Path.of("fare-quickstart/robust"))
            .attack(EvaluationAttacks.apgdCrossEntropy(40, 1, 0)) // without: the paper's protocol
            .linf(2 / 255.0, 4 / 255.0)
            .build()
            .run();
    ReportFiles.write(report, Path.of("report.html"));
    show.accept(Verdict.of(report).headline());
  }

  static void train() throws IOException {
    try (RobustClipEncoder encoder = RobustClipEncoder.load(Path.of("clip-vit-large-patch14"));
        FareTrainer<RobustClipEncoder> trainer =
            FareTrainer.builder(encoder)
                .attack(PgdAttack.builder(ThreatModel.linf(4 / 255.0)).stepSize(1 / 255.0).build())
                .learningRate(1e-5)
                .weightDecay(1e-4)
                .warmupSteps(1_400)
                .steps(20_000)
                .batchSize(128)
                .checkpoints(Path.of("runs/fare4"))
                .build()) {
      trainer.fit(ImageFolder.of(Path.of("imagenet/train")));
      encoder.save(Path.of("fare4-clip-vit-l-14"));
    }
  }

  static void zeroShot(NDArray pixels, Consumer<String> show) throws IOException {
    try (ClipModel clip = ClipModel.load(Path.of("fare-quickstart/robust"));
        ZeroShotClassifier classifier =
            clip.zeroShotClassifier(
                List.of("hot dog", "tiger", "teapot"), List.of("a picture of a {}"))) {
      NDArray probabilities = classifier.logits(pixels).softmax(1); // [N,3]
      show.accept(classifier.classNames().get((int) probabilities.argMax(1).getLong(0)));
    }
  }

  static String answer(Path plain, Path encoder, Image picture) throws IOException {
    try (LlavaModel llava = LlavaModel.load(plain);
        RobustClipEncoder robust = RobustClipEncoder.load(encoder)) {
      LlavaModel safer = llava.withVisionEncoder(robust); // nothing else changes
      return safer.answer(picture, "What is in this picture?");
    }
  }

  static AttackResult mislead(LlavaModel llava, ApgdAttack apgd, String prompt, NDArray pixels) {
    VlmObjective objective =
        VlmObjective.towards(llava, List.of(prompt), List.of("a flat drawing of a pizza."));
    AttackResult result = apgd.perturb(objective, pixels);
    return result;
  }
}
