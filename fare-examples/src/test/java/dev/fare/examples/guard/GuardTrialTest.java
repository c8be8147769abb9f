package dev.fare.examples.guard;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import dev.fare.Classifier;
import dev.fare.ImageEncoder;
import dev.fare.ThreatModel;
import dev.fare.data.ImageDataset;
import dev.fare.data.InMemoryImages;
import dev.fare.evaluation.guard.InputGuard;
import dev.fare.evaluation.statistics.Accuracy;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Grey images of brightness v, bright above one half; the encoders put v at (slope · v, 1). */
class GuardTrialTest {

  private static ImageEncoder line(double slope) {
    return new ImageEncoder() {
      @Override
      public NDArray embed(NDArray pixels) {
        NDArray mean = pixels.reshape(-1, 3).mean(new int[] {1}).reshape(-1, 1).mul(slope);
        return mean.concat(mean.onesLike(), 1);
      }

      @Override
      public int embeddingSize() {
        return 2;
      }

      @Override
      public int imageSize() {
        return 1;
      }

      @Override
      public void close() {}
    };
  }

  private static final Classifier BRIGHT_OR_DARK =
      pixels -> {
        NDArray score = pixels.reshape(-1, 3).mean(new int[] {1}).sub(0.5).reshape(-1, 1);
        return score.concat(score.neg(), 1);
      };

  /** One minus the cosine between (v, 1) and (v/2, 1). */
  private static double score(double v) {
    return 1 - Math.cos(Math.atan(v) - Math.atan(v / 2));
  }

  private static ImageDataset greys(float... values) {
    float[] pixels = new float[3 * values.length];
    int[] labels = new int[values.length];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = values[i / 3];
      labels[i / 3] = values[i / 3] > 0.5 ? 0 : 1;
    }
    return InMemoryImages.of(pixels, 1).labels(labels, List.of("bright", "dark"));
  }

  private static List<GuardTrial.Row> trial(double alarmAbove) throws Exception {
    InputGuard guard = InputGuard.of(line(1), line(0.5), score(alarmAbove));
    return new GuardTrial(guard, line(1), BRIGHT_OR_DARK, BRIGHT_OR_DARK, ThreatModel.linf(0.1))
        .run(greys(0.3f, 0.45f, 0.46f), 20);
  }

  @Test
  void countsWhatAnAttackerWhoDoesNotKnowTheGuardIsSeenAt() throws Exception {
    // darkness brightened by 0.1: 0.4, 0.55, 0.56, all of them suspicious above 0.35
    GuardTrial.Row row = trial(0.35).get(2);

    assertThat(row.attack()).startsWith("APGD, cross-entropy of the original");
    assertThat(row.fooled()).isEqualTo(new Accuracy(2, 3));
    assertThat(row.fooledUnseen()).isEqualTo(new Accuracy(0, 3));
    assertThat(row.detected()).isEqualTo(new Accuracy(3, 3));
    // of 9 pairs the attacked 0.4 is above 0.3 only
    assertThat(row.detection().auroc()).isEqualTo(7 / 9.0);
  }

  @Test
  void anAttackerWhoKnowsTheGuardStaysBelowItsThresholdWhereThatIsPossible() throws Exception {
    // between one half and 0.53 an image is misclassified and unsuspicious
    List<GuardTrial.Row> rows = trial(0.53);

    assertThat(rows.get(2).fooledUnseen()).isEqualTo(new Accuracy(0, 3));
    GuardTrial.Row knowing = rows.get(6);
    assertThat(knowing.attack()).isEqualTo("APGD, knows the guard, weight 100");
    assertThat(knowing.fooledUnseen()).isEqualTo(new Accuracy(2, 3));
  }
}
