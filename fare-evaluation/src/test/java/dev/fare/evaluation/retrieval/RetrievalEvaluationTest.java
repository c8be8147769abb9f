package dev.fare.evaluation.retrieval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.fare.Classifier;
import dev.fare.ImageEncoder;
import dev.fare.data.InMemoryImages;
import dev.fare.evaluation.EvaluationAttack;
import dev.fare.evaluation.Toys;
import dev.fare.evaluation.statistics.Accuracy;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class RetrievalEvaluationTest {

  private final NDManager manager = NDManager.newBaseManager("PyTorch");

  @AfterEach
  void close() {
    manager.close();
  }

  /** An image of brightness v is the vector (v, 1); its text the same one, twice as long. */
  private static final InMemoryImages IMAGES =
      InMemoryImages.of(new float[] {.1f, .1f, .1f, .4f, .4f, .4f, .8f, .8f, .8f}, 1);

  private NDArray texts(float... brightness) {
    float[] rows = new float[2 * brightness.length];
    for (int i = 0; i < brightness.length; i++) {
      rows[2 * i] = 2 * brightness[i];
      rows[2 * i + 1] = 2;
    }
    return manager.create(rows).reshape(-1, 2);
  }

  @Test
  void countsRecallInBothDirections() {
    RetrievalReport report =
        RetrievalEvaluation.builder(1)
            .encoder("line", Toys.line(1))
            .ks(1, 2)
            .build()
            // the second image's only text is nearer to the first image
            .evaluate("greys", IMAGES, texts(.1f, .2f, .8f), new int[] {0, 1, 2});

    RetrievalResult.Directions clean = report.encoders().get(0).clean();
    // angles: .1 -> 5.71°, .2 -> 11.31°, .4 -> 21.80°, .8 -> 38.66°
    assertThat(clean.imageToText().at(1)).isEqualTo(new Accuracy(3, 3));
    assertThat(clean.textToImage().at(1)).isEqualTo(new Accuracy(2, 3));
    assertThat(clean.textToImage().at(2)).isEqualTo(new Accuracy(3, 3));
  }

  @Test
  void anImageWithSeveralTextsIsRightWithTheBestOfThem() {
    RetrievalReport report =
        RetrievalEvaluation.builder(1)
            .encoder("line", Toys.line(1))
            .ks(1)
            .build()
            .evaluate("greys", IMAGES, texts(.9f, .1f, .4f, .8f), new int[] {0, 0, 1, 2});

    RetrievalResult.Directions clean = report.encoders().get(0).clean();
    assertThat(clean.imageToText().at(1)).isEqualTo(new Accuracy(3, 3));
    // the text .9 finds image .8 before its own image .1
    assertThat(clean.textToImage().at(1)).isEqualTo(new Accuracy(3, 4));
  }

  @Test
  void attackedImagesLoseTheirTexts() {
    EvaluationAttack brighten =
        new EvaluationAttack(
            "brighten",
            "",
            (threatModel, classifier, batch) ->
                Toys.result(batch.pixels().add(threatModel.epsilon()).clip(0, 1)));
    RetrievalReport report =
        RetrievalEvaluation.builder(1)
            .encoder("line", Toys.line(1))
            .attack(brighten)
            .linf(0.05, 0.2)
            .ks(1, 2)
            .build()
            .evaluate("greys", IMAGES, texts(.1f, .4f, .8f), new int[] {0, 1, 2});

    List<RetrievalResult.Attacked> attacked = report.encoders().get(0).attacked();
    assertThat(attacked.get(0).recall().imageToText().at(1)).isEqualTo(new Accuracy(3, 3));
    // .3 (16.7°) is nearer to .4 (21.8°) than to .1 (5.7°); .6 (30.96°) nearer to .8 (38.66°); 1.0
    // stays
    assertThat(attacked.get(1).recall().imageToText().at(1)).isEqualTo(new Accuracy(1, 3));
    assertThat(attacked.get(1).recall().imageToText().at(2)).isEqualTo(new Accuracy(3, 3));
    // text .4 is nearer to the image at .3, text .8 to the one at 1.0 (6.3°) than to .6 (7.7°)
    assertThat(attacked.get(1).recall().textToImage().at(1)).isEqualTo(new Accuracy(2, 3));
  }

  @Test
  void theAttackedClassifierSaysWhoseTextIsNearest() {
    RetrievalTexts texts = new RetrievalTexts(texts(.9f, .1f, .4f, .8f), new int[] {0, 0, 1, 2}, 3);
    Classifier classifier = texts.classifier(Toys.line(1), 10, manager);
    NDArray pixels = manager.create(new float[] {.85f, .5f}).reshape(2, 1, 1, 1).repeat(1, 3);

    float[] logits = classifier.logits(pixels).toFloatArray();

    double[] own = {Math.atan(.85), Math.atan(.5)};
    double[] texted = {Math.atan(.9), Math.atan(.4), Math.atan(.8)};
    for (int image = 0; image < 2; image++) {
      for (int column = 0; column < 3; column++) {
        float expected = (float) (10 * Math.cos(own[image] - texted[column]));
        assertThat(logits[3 * image + column]).isCloseTo(expected, within(1e-4f));
      }
    }
  }

  @Test
  void anEncoderThatSeesNothingFindsNothing() {
    ImageEncoder constant = Toys.line(0);

    RetrievalReport report =
        RetrievalEvaluation.builder(1)
            .encoder("constant", constant)
            .ks(1)
            .build()
            .evaluate("greys", IMAGES, texts(.4f, .4f, .4f), new int[] {0, 1, 2});

    RetrievalResult.Directions clean = report.encoders().get(0).clean();
    assertThat(clean.imageToText().at(1).correct()).isZero();
    assertThat(clean.textToImage().at(1).correct()).isZero();
  }

  @Test
  void namesTextsAndImagesThatDoNotFit() {
    RetrievalEvaluation evaluation =
        RetrievalEvaluation.builder(1).encoder("line", Toys.line(1)).build();

    assertThatThrownBy(
            () -> evaluation.evaluate("greys", IMAGES, texts(.1f, .2f), new int[] {0, 3}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("text 1 belongs to image 3, but there are 3 images");
    assertThatThrownBy(
            () -> evaluation.evaluate("greys", IMAGES, texts(.1f, .2f), new int[] {0, 1}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("image 2 has no text");
    assertThatThrownBy(() -> evaluation.evaluate("greys", IMAGES, texts(.1f), new int[] {0, 1, 2}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("each of the 3 entries of imageOfText, got (1, 2)");
  }
}
