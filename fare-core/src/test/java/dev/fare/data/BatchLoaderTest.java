package dev.fare.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fare.image.UnreadableImageException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class BatchLoaderTest {

  /** Images of one value each, the index in 64ths; some can't be read. */
  private static final class Counted implements ImageDataset {
    final Set<Integer> broken;
    final AtomicInteger reads = new AtomicInteger();
    final Set<String> threads = ConcurrentHashMap.newKeySet();

    Counted(Integer... broken) {
      this.broken = Set.of(broken);
    }

    @Override
    public int size() {
      return 10;
    }

    @Override
    public void read(int index, int imageSize, FloatBuffer target) throws IOException {
      reads.incrementAndGet();
      threads.add(Thread.currentThread().getName());
      if (broken.contains(index)) {
        target.put(9f);
        throw new UnreadableImageException(name(index), "it is broken", null);
      }
      for (int i = 0; i < 3 * imageSize * imageSize; i++) {
        target.put(index / 64f);
      }
    }

    @Override
    public OptionalInt label(int index) {
      return OptionalInt.of(index);
    }

    @Override
    public String description() {
      return "counted";
    }
  }

  @Test
  void laysTheEpochsEndToEndWhateverThreadsRead() {
    List<Long> expected = new ArrayList<>();
    for (int epoch = 0; epoch < 3; epoch++) {
      for (int index : new DataOrder(6).indices(epoch, 10)) {
        expected.add((long) index);
      }
    }

    for (int threads : new int[] {0, 1, 3}) {
      assertThat(labels(new Counted(), threads, 0, 7)).isEqualTo(expected.subList(0, 28));
      assertThat(labels(new Counted(), threads, 3, 7)).isEqualTo(expected.subList(12, 28));
    }
  }

  @Test
  void readsAheadByABoundedNumberOfBatches() throws InterruptedException {
    Counted data = new Counted();
    try (BatchLoader loader =
        BatchLoader.builder(data, 2).batchSize(4).threads(2).batches(0, 50).build()) {
      assertThat(loader.next()).isPresent();
      for (int i = 0; i < 200 && data.reads.get() < 12; i++) {
        Thread.sleep(10);
      }
      Thread.sleep(50);

      // the batch that was handed out, and the two behind it
      assertThat(data.reads).hasValue(12);
      assertThat(data.threads).containsExactly("fare-batch-loader");
    }
  }

  @Test
  void leavesOutWhatCannotBeReadAndCountsItOnce() {
    Counted data = new Counted(3, 8);
    UnreadableImages unreadable = new UnreadableImages(data, 0.2);
    try (BatchLoader loader =
        BatchLoader.builder(data, 2).batchSize(10).unreadable(unreadable).build()) {
      for (int epoch = 0; epoch < 3; epoch++) {
        HostBatch batch = loader.next().orElseThrow();

        assertThat(batch.images()).isEqualTo(8);
        assertThat(batch.labels()).hasSize(8).doesNotContain(3, 8);
        assertThat(batch.indices()).hasSize(8).doesNotContain(3, 8);
        FloatBuffer pixels = batch.pixels().asFloatBuffer();
        for (int i = 0; i < 8; i++) {
          assertThat(pixels.get(i * 12)).isEqualTo(batch.labels()[i] / 64f);
        }
        loader.recycle(batch);
      }
      assertThat(unreadable.count()).isEqualTo(2);
    }
  }

  @Test
  void stopsAtOneUnreadableImageTooMany() {
    for (int threads : new int[] {0, 1}) {
      Counted data = new Counted(3, 8);
      try (BatchLoader loader =
          BatchLoader.builder(data, 2)
              .batchSize(10)
              .threads(threads)
              .unreadable(new UnreadableImages(data, 0.1))
              .batches(0, 5)
              .build()) {
        assertThatThrownBy(loader::next)
            .isInstanceOf(UncheckedIOException.class)
            .hasMessageContaining("2 of 10 images can't be read")
            .hasMessageContaining("it is broken");
      }
    }
  }

  private static List<Long> labels(ImageDataset data, int threads, int first, int end) {
    List<Long> labels = new ArrayList<>();
    try (BatchLoader loader =
        BatchLoader.builder(data, 2)
            .batchSize(4)
            .seed(6)
            .threads(threads)
            .batches(first, end)
            .build()) {
      for (int i = first; i < end; i++) {
        HostBatch batch = loader.next().orElseThrow();
        for (long label : batch.labels()) {
          labels.add(label);
        }
        loader.recycle(batch);
      }
    }
    return labels;
  }
}
