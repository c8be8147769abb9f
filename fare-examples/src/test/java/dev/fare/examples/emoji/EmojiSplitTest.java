package dev.fare.examples.emoji;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class EmojiSplitTest {

  @Property(tries = 50)
  void holdsOutASixthOfThePairsAndKeepsTheOtherStyle(
      @ForAll @IntRange(min = 3, max = 700) int concepts, @ForAll long seed) {
    EmojiSplit split = EmojiSplit.of(concepts, seed);

    Set<EmojiPair> training = new HashSet<>(split.trainingPairs());
    assertThat(split.heldOutPairs()).hasSize((int) Math.round(2 * concepts / 6.0));
    assertThat(split.heldOutPairs()).extracting(EmojiPair::concept).doesNotHaveDuplicates();
    for (EmojiPair pair : split.heldOutPairs()) {
      assertThat(training).doesNotContain(pair);
      assertThat(training).contains(new EmojiPair(pair.concept(), pair.style().other()));
    }
    assertThat(training).hasSize(2 * concepts - split.heldOutPairs().size());
  }

  @Test
  void takesEquallyManyPairsFromEachStyle() {
    EmojiSplit split = EmojiSplit.of(480, 1);

    assertThat(split.heldOutPairs()).hasSize(160);
    assertThat(split.heldOutPairs())
        .filteredOn(pair -> pair.style() == EmojiStyle.NOTO)
        .hasSize(80);
  }

  @Test
  void dependsOnTheSeedAlone() {
    assertThat(EmojiSplit.of(480, 1).heldOutPairs())
        .isEqualTo(EmojiSplit.of(480, 1).heldOutPairs())
        .isNotEqualTo(EmojiSplit.of(480, 2).heldOutPairs());
  }

  @Test
  void showsEveryTrainingPairOnceAnEpochInANewOrder() {
    EmojiSplit split = EmojiSplit.of(480, 1);

    List<EmojiPair> first = split.shuffledTrainingPairs(7, 0, 800);
    List<EmojiPair> second = split.shuffledTrainingPairs(7, 800, 800);

    assertThat(first).containsExactlyInAnyOrderElementsOf(split.trainingPairs());
    assertThat(second).containsExactlyInAnyOrderElementsOf(split.trainingPairs());
    assertThat(first).isNotEqualTo(second);
  }

  @Test
  void ordersTheSameWhateverTheBatchSize() {
    EmojiSplit split = EmojiSplit.of(480, 1);
    List<EmojiPair> inBatches = new ArrayList<>();
    for (int at = 0; at < 2100; at += 70) {
      inBatches.addAll(split.shuffledTrainingPairs(7, at, 70));
    }

    assertThat(inBatches).isEqualTo(split.shuffledTrainingPairs(7, 0, 2100));
  }

  @Test
  void refusesTooFewConcepts() {
    assertThatThrownBy(() -> EmojiSplit.of(2, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("at least 3 concepts")
        .hasMessageContaining("got 2");
  }
}
