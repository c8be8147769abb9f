package dev.fare.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class DataOrderTest {
  @Property(tries = 100, seed = "1")
  void visitsEveryImageOnceInAnEpoch(
      @ForAll long seed,
      @ForAll @IntRange(max = 1000) int epoch,
      @ForAll @IntRange(max = 500) int size) {
    int[] indices = new DataOrder(seed).indices(epoch, size);

    Arrays.sort(indices);
    assertThat(indices).isEqualTo(IntStream.range(0, size).toArray());
  }

  @Test
  void dependsOnSeedAndEpochAlone() {
    int[] order = new DataOrder(1).indices(3, 100);

    assertThat(new DataOrder(1).indices(3, 100)).isEqualTo(order);
    assertThat(new DataOrder(1).indices(4, 100)).isNotEqualTo(order);
    assertThat(new DataOrder(2).indices(3, 100)).isNotEqualTo(order);
    assertThat(new DataOrder(2).indices(2, 100)).isNotEqualTo(order);
  }

  @Test
  void putsEachImageAtEachPlaceEquallyOften() {
    int[][] counts = new int[6][6];
    int epochs = 12_000;
    for (int epoch = 0; epoch < epochs; epoch++) {
      int[] order = new DataOrder(42).indices(epoch, 6);
      for (int place = 0; place < 6; place++) {
        counts[place][order[place]]++;
      }
    }

    // 5 standard deviations of a binomial with p = 1/6
    double bound = 5 * Math.sqrt(epochs * 5 / 36.0);
    for (int[] place : counts) {
      for (int count : place) {
        assertThat((double) count).isCloseTo(epochs / 6.0, within(bound));
      }
    }
  }
}
