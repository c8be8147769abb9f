package dev.fare.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.engine.EngineException;
import dev.fare.models.transformer.Activation;
import dev.fare.models.vision.VitConfig;
import java.lang.management.MemoryUsage;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ImageBatchesTest {

  private static final VitConfig LARGE =
      new VitConfig(224, 14, 1024, 24, 16, 4096, 768, Activation.QUICK_GELU, 1e-5);

  @Test
  void moreMemoryMakesLargerBatchesUpToALimit() {
    // 257 tokens of 15,360 floats, two maps of attention of 16 heads, three copies of the pixels
    long oneImage = 4 * (257L * 15_360 + 2 * 257 * 257 * 16 + 3 * 3 * 224 * 224);

    assertThat(onGpu(0, 1000)).isEqualTo((64 << 20) / oneImage);
    assertThat(onGpu(0, 160 * oneImage)).isEqualTo(10);
    assertThat(onGpu(0, Long.MAX_VALUE)).isEqualTo((2L << 30) / oneImage);
  }

  /** Libtorch keeps the memory of arrays that were freed, and CUDA calls it used. */
  @Test
  void memoryThatLibtorchKeepsIsNoReasonForSmallerBatches() {
    long gpu = 24L << 30;

    assertThat(onGpu(gpu - 1000, gpu)).isEqualTo(onGpu(0, gpu));
  }

  private static int onGpu(long used, long size) {
    return ImageBatches.onGpu(LARGE, new MemoryUsage(0, used, used, size)).size();
  }

  @Test
  void everyImageIsInOneBatch() throws Exception {
    List<String> batches = new ArrayList<>();

    new ImageBatches(4).forEach(10, (from, to) -> batches.add(from + "-" + to));
    new ImageBatches(4).forEach(0, (from, to) -> batches.add("none"));

    assertThat(batches).containsExactly("0-4", "4-8", "8-10");
  }

  @Test
  void aBatchThatDoesNotFitIsHalved() throws Exception {
    List<String> batches = new ArrayList<>();

    new ImageBatches(8)
        .forEach(
            9,
            (from, to) -> {
              if (to - from > 3) {
                throw new EngineException("DefaultCPUAllocator: can't allocate memory: 64 bytes");
              }
              batches.add(from + "-" + to);
            });

    assertThat(batches).containsExactly("0-2", "2-4", "4-6", "6-8", "8-9");
  }

  @Test
  void whatDidNotFitIsNotTriedAgain() throws Exception {
    ImageBatches halving = new ImageBatches(8);
    List<Integer> tried = new ArrayList<>();
    for (int call = 0; call < 2; call++) {
      halving.forEach(
          8,
          (from, to) -> {
            tried.add(to - from);
            if (to - from > 4) {
              throw new EngineException("CUDA out of memory. Tried to allocate 2.00 GiB");
            }
          });
    }

    assertThat(tried).containsExactly(8, 4, 4, 4, 4);
  }

  @Test
  void anotherFailureIsReported() {
    assertThatThrownBy(
            () ->
                new ImageBatches(8)
                    .forEach(
                        8,
                        (from, to) -> {
                          throw new EngineException("shapes don't match");
                        }))
        .hasMessageContaining("shapes don't match");
    assertThatThrownBy(
            () ->
                new ImageBatches(8)
                    .forEach(
                        8,
                        (from, to) -> {
                          throw new EngineException("CUDA out of memory");
                        }))
        .hasMessageContaining("out of memory");
  }
}
