package dev.fare.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.engine.EngineException;
import dev.fare.models.transformer.Activation;
import dev.fare.models.vision.VitConfig;
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

    assertThat(ImageBatches.within(1000, LARGE).size()).isEqualTo(1);
    assertThat(ImageBatches.within(10 * oneImage, LARGE).size()).isEqualTo(10);
    assertThat(ImageBatches.within(Long.MAX_VALUE, LARGE).size()).isEqualTo(256);
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
