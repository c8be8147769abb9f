package dev.fare.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fare.image.UnreadableImageException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ParallelImageReaderTest {

  private static final List<Integer> CHOSEN = List.of(7, 2, 9, 2, 0);

  /** Image i has the value i in every pixel; some can't be read. */
  private record Numbered(Set<Integer> broken) implements ImageDataset {

    @Override
    public int size() {
      return 10;
    }

    @Override
    public void read(int index, int imageSize, FloatBuffer target) throws IOException {
      if (broken.contains(index)) {
        target.put(-1); // a decoder that fails half-way
        throw new UnreadableImageException(index + ".jpg", "broken", null);
      }
      for (int i = 0; i < 3 * imageSize * imageSize; i++) {
        target.put(index);
      }
    }

    @Override
    public String description() {
      return "ten images";
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 8})
  void readsInTheOrderAskedForWithAnyNumberOfThreads(int threads) throws IOException {
    FloatBuffer pixels = new ParallelImageReader(new Numbered(Set.of()), 2, threads).read(CHOSEN);

    assertThat(pixels.remaining()).isEqualTo(5 * 12);
    for (int i = 0; i < CHOSEN.size(); i++) {
      for (int j = 0; j < 12; j++) {
        assertThat(pixels.get(12 * i + j)).isEqualTo((float) CHOSEN.get(i));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 4})
  void throwsWhatTheFirstUnreadableImageThrows(int threads) {
    ParallelImageReader images = new ParallelImageReader(new Numbered(Set.of(9, 0)), 2, threads);

    assertThatThrownBy(() -> images.read(CHOSEN))
        .isInstanceOf(UnreadableImageException.class)
        .hasMessageContaining("9.jpg");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 4})
  void tellsOfUnreadableImagesInTheirOrderAndGoesOn(int threads) throws IOException {
    List<Integer> positions = new ArrayList<>();

    FloatBuffer pixels =
        new ParallelImageReader(new Numbered(Set.of(2)), 2, threads)
            .read(CHOSEN, (position, reason) -> positions.add(position));

    assertThat(positions).containsExactly(1, 3);
    assertThat(pixels.get(2 * 12)).isEqualTo(9);
    assertThat(pixels.get(4 * 12)).isEqualTo(0);
  }

  /** Each waits for the others: one alone would wait in vain. */
  @Test
  void readsAtTheSameTime() throws IOException {
    CyclicBarrier together = new CyclicBarrier(3);
    Set<Thread> threads = ConcurrentHashMap.newKeySet();
    ImageDataset waiting =
        new ImageDataset() {
          @Override
          public int size() {
            return 3;
          }

          @Override
          public void read(int index, int imageSize, FloatBuffer target) throws IOException {
            threads.add(Thread.currentThread());
            try {
              together.await(1, TimeUnit.MINUTES);
            } catch (InterruptedException | BrokenBarrierException | TimeoutException e) {
              throw new IOException("alone", e);
            }
          }

          @Override
          public String description() {
            return "three images";
          }
        };

    new ParallelImageReader(waiting, 1, 3).read(List.of(0, 1, 2));

    assertThat(threads).hasSize(3).doesNotContain(Thread.currentThread());
  }

  @Test
  void anInterruptionIsNotTheImagesFault() {
    ParallelImageReader images = new ParallelImageReader(new Numbered(Set.of()), 1, 2);
    Thread.currentThread().interrupt();

    assertThatThrownBy(() -> images.read(CHOSEN, (position, reason) -> {}))
        .isInstanceOf(InterruptedIOException.class);
    assertThat(Thread.interrupted()).isTrue();
  }
}
