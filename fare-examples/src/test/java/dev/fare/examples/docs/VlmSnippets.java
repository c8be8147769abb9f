package dev.fare.examples.docs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.modality.cv.Image;
import ai.djl.modality.cv.ImageFactory;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.fare.AttackResult;
import dev.fare.ThreatModel;
import dev.fare.attacks.ApgdAttack;
import dev.fare.evaluation.answers.Cider;
import dev.fare.evaluation.answers.VqaAccuracy;
import dev.fare.image.PixelImage;
import dev.fare.models.RobustClipEncoder;
import dev.fare.vlm.VlmObjective;
import dev.fare.vlm.llava.LlavaModel;
import dev.fare.vlm.llava.PromptTemplate;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** docs/vlm.md's Java, top to bottom; {@link DocsTest} compares and runs it. */
final class VlmSnippets {

  private VlmSnippets() {}

  static void page() throws IOException {
    LlavaModel llava =
        LlavaModel.builder(Path.of("fare-llava/llava"))
            .template(PromptTemplate.USER_ASSISTANT) // the prompts of its training
            .load();
    RobustClipEncoder robust = RobustClipEncoder.load(Path.of("fare-quickstart/robust"));
    LlavaModel safer = llava.withVisionEncoder(robust); // nothing else changes
    Image picture = ImageFactory.getInstance().fromFile(Path.of("photo.jpg"));
    System.out.println(safer.answer(picture, "What is in this picture?"));

    NDManager manager = NDManager.newBaseManager();
    NDArray pixels = llava.preprocessing().toPixels(manager, List.of(PixelImage.of(picture)));
    String prompt = llava.template().withImage("What is in this picture?");
    VlmObjective objective =
        VlmObjective.towards(llava, List.of(prompt), List.of("a flat drawing of a pizza."));
    ApgdAttack apgd = ApgdAttack.builder(ThreatModel.linf(4 / 255.0)).steps(50).build();
    AttackResult result = apgd.perturb(objective, pixels);

    Cider cider = new Cider(Map.of("1", List.of("a cat", "a yellow cat"), "2", List.of("a car")));
    double caption = cider.score("1", "a yellow cat");
    double answer = VqaAccuracy.of("yes", List.of("yes", "yes", "no", "yes"));
    assertThat(result.highestLossImages().getShape()).isEqualTo(pixels.getShape());
    assertThat(caption).isPositive();
    assertThat(answer).isCloseTo(0.75, within(1e-9)); // the mean of 2/3, 2/3, 1 and 2/3
    manager.close();
    robust.close();
    llava.close();
  }
}
