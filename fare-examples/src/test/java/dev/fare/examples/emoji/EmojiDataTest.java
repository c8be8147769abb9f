package dev.fare.examples.emoji;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class EmojiDataTest {
  private static final EmojiData DATA = EmojiData.load();

  @Test
  void testSetAShowsEveryClassEquallyOftenInTrainedStylesOnly() {
    EmojiTestSet set = DATA.testSetA(960);

    assertThat(set.size()).isEqualTo(960);
    assertThat(DATA.split().trainingPairs()).containsAll(set.pairs());
    assertThat(new HashSet<>(set.pairs())).hasSize(800);
    int[] perConcept = new int[480];
    set.pairs().forEach(pair -> perConcept[pair.concept()]++);
    assertThat(perConcept).containsOnly(2);
  }

  @Test
  void testSetBShowsEveryHeldOutPairEquallyOften() {
    EmojiTestSet set = DATA.testSetB(5);

    assertThat(set.size()).isEqualTo(800);
    assertThat(Set.copyOf(set.pairs())).isEqualTo(Set.copyOf(DATA.split().heldOutPairs()));
  }

  @Test
  void aTestSetIsTheSameInAnyBatches() {
    EmojiTestSet set = DATA.testSetB(1);
    int image = DATA.scenes().valuesPerImage();

    EmojiBatch whole = set.all();
    EmojiBatch part = set.batch(30, 50);

    assertThat(part.size()).isEqualTo(20);
    assertThat(part.images()).isEqualTo(Arrays.copyOfRange(whole.images(), 30 * image, 50 * image));
    assertThat(part.labels()).isEqualTo(Arrays.copyOfRange(whole.labels(), 30, 50));
  }

  @Test
  void trainingIsTheSameInAnyBatches() {
    int image = DATA.scenes().valuesPerImage();

    EmojiBatch whole = DATA.trainingBatch(780, 40);
    EmojiBatch part = DATA.trainingBatch(800, 20);

    assertThat(part.images()).isEqualTo(Arrays.copyOfRange(whole.images(), 20 * image, 40 * image));
    assertThat(part.labels()).isEqualTo(Arrays.copyOfRange(whole.labels(), 20, 40));
  }

  @Test
  void labelsAreTheConceptsOfThePairs() {
    EmojiTestSet set = DATA.testSetA(10);

    assertThat(set.all().labels())
        .isEqualTo(set.pairs().stream().mapToInt(EmojiPair::concept).toArray());
  }

  /** Published accuracies belong to these very pictures; the means were recorded once. */
  @Test
  void rendersThePicturesThatResultsWereMeasuredOn() {
    assertThat(mean(DATA.trainingBatch(0, 64))).isCloseTo(0.519113, within(1e-4));
    assertThat(mean(DATA.testSetA(64).all())).isCloseTo(0.510992, within(1e-4));
    assertThat(mean(DATA.testSetB(1).batch(0, 64))).isCloseTo(0.490963, within(1e-4));
  }

  private static double mean(EmojiBatch batch) {
    double sum = 0;
    for (float value : batch.images()) {
      sum += value;
    }
    return sum / batch.images().length;
  }
}
