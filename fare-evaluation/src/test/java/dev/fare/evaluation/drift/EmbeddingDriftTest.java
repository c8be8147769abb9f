package dev.fare.evaluation.drift;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import dev.fare.ImageEncoder;
import dev.fare.data.InMemoryImages;
import dev.fare.evaluation.Toys;
import dev.fare.evaluation.statistics.Distribution;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class EmbeddingDriftTest {

  private static final InMemoryImages TWO =
      InMemoryImages.of(new float[] {.2f, .2f, .2f, .6f, .6f, .6f}, 1); // no labels

  @Test
  void measuresHowFarCleanAndAttackedImagesAreFromTheReference() {
    DriftReport report =
        EmbeddingDrift.builder(1, Toys.line(1))
            .encoder("original", Toys.line(1))
            .encoder("flat", Toys.line(0.5))
            .attack(Toys.brighten())
            .linf(0.1)
            .build()
            .evaluate("greys", TWO);

    EncoderDrift original = report.encoders().get(0);
    assertThat(original.clean().cosine().mean()).isCloseTo(1, within(1e-12));
    assertThat(original.clean().squaredDistance().mean()).isZero();
    Drift attacked = original.attacked().get(0).drift();
    assertThat(attacked.squaredDistance().values())
        .allSatisfy(d -> assertThat(d).isCloseTo(.01, within(1e-7)));
    assertThat(attacked.cosine().values().get(0)).isCloseTo(cosine(.2, .3), within(1e-6));
    assertThat(attacked.cosine().values().get(1)).isCloseTo(cosine(.6, .7), within(1e-6));
    // the flat encoder: (v + ε) / 2 against v
    EncoderDrift flat = report.encoders().get(1);
    assertThat(flat.clean().squaredDistance().values().get(1)).isCloseTo(.09, within(1e-6));
    assertThat(flat.attacked().get(0).drift().cosine().values().get(0))
        .isCloseTo(cosine(.2, .15), within(1e-6));
  }

  /** Between (a, 1) and (b, 1). */
  private static double cosine(double a, double b) {
    return (a * b + 1) / Math.sqrt((a * a + 1) * (b * b + 1));
  }

  @Test
  void handsTheAttackTheReferenceEmbeddingsOfItsImages() {
    List<Float> heard = new ArrayList<>();
    EncoderAttack recorder =
        new EncoderAttack(
            "recorder",
            "",
            (threatModel, encoder, batch) -> {
              NDArray first = batch.referenceEmbeddings().get(":, 0");
              for (float value : first.toFloatArray()) {
                heard.add(value);
              }
              return Toys.result(batch.pixels());
            });

    EmbeddingDrift.builder(1, Toys.line(10))
        .encoder("original", Toys.line(1))
        .attack(recorder)
        .linf(0.1)
        .batchSize(1)
        .build()
        .evaluate("greys", TWO);

    assertThat(heard).hasSize(2);
    assertThat(heard.get(0)).isCloseTo(2f, within(1e-5f));
    assertThat(heard.get(1)).isCloseTo(6f, within(1e-5f));
  }

  @Test
  void refusesEncodersWhoseEmbeddingsCannotBeCompared() {
    ImageEncoder other =
        new ImageEncoder() {
          @Override
          public NDArray embed(NDArray pixels) {
            return pixels;
          }

          @Override
          public int embeddingSize() {
            return 3;
          }

          @Override
          public int imageSize() {
            return 1;
          }

          @Override
          public void close() {}
        };

    assertThatThrownBy(() -> EmbeddingDrift.builder(1, Toys.line(1)).encoder("other", other))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("embeddings of 3 numbers, the reference of 2");
  }

  @Test
  void quantilesInterpolateBetweenNeighbours() {
    Distribution values = new Distribution(List.of(4.0, 1.0, 3.0, 2.0));

    assertThat(values.quantile(0)).isEqualTo(1);
    assertThat(values.median()).isEqualTo(2.5);
    assertThat(values.quantile(0.05)).isCloseTo(1.15, within(1e-12)); // R: quantile(1:4, .05)
    assertThat(values.quantile(1)).isEqualTo(4);
    assertThat(values.mean()).isEqualTo(2.5);
  }
}
