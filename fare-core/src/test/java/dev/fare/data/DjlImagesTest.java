package dev.fare.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.modality.cv.transform.ToTensor;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.dataset.Batch;
import ai.djl.training.dataset.Dataset;
import ai.djl.util.Progress;
import dev.fare.image.UnreadableImageException;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class DjlImagesTest {
  private final NDManager manager = NDManager.newBaseManager("PyTorch");

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void readsRecordsThroughTheDataSetsOwnPipeline() throws IOException {
    byte[] bytes = new byte[3 * 4 * 4 * 3]; // [3 images, H, W, C]
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) i;
    }
    NDArray pixels = manager.create(bytes, new Shape(3, 4, 4, 3)).toType(DataType.UINT8, false);
    DjlImages images =
        DjlImages.of(
                new ArrayDataset.Builder()
                    .setData(pixels)
                    .optLabels(manager.create(new int[] {1, 0, 1}))
                    .addTransform(new ToTensor())
                    .setSampling(2, true)
                    .build(),
                "an array")
            .classNames(List.of("cat", "dog"));
    FloatBuffer target = FloatBuffer.allocate(48);

    images.read(2, 4, target);

    assertThat(images.size()).isEqualTo(3);
    assertThat(images.label(2)).hasValue(1);
    assertThat(images.label(1)).hasValue(0);
    // image 2, green of row 1 and column 2: byte 96 + 12 + 6 + 1
    assertThat(target.get(16 + 4 + 2)).isEqualTo(115 / 255f);
    assertThat(target.hasRemaining()).isFalse();
    assertThat(images.name(2)).isEqualTo("image 2 of an array");
  }

  /** A data set that is read from its beginning, such as rows of a data base. */
  private static final class Stream implements Dataset {
    private final int batches;

    Stream(int batches) {
      this.batches = batches;
    }

    @Override
    public Iterable<Batch> getData(NDManager manager) {
      return () -> IntStream.range(0, batches).mapToObj(i -> batch(manager, i)).iterator();
    }

    /** Two images of grays 2 i and 2 i + 1 hundredths. */
    private static Batch batch(NDManager manager, int i) {
      NDManager own = manager.newSubManager();
      NDArray grays = own.create(new float[] {2 * i / 100f, (2 * i + 1) / 100f});
      NDArray pixels = grays.reshape(2, 1, 1, 1).broadcast(2, 3, 4, 4);
      NDArray labels = own.create(new long[] {i, 0});
      return new Batch(own, new NDList(pixels), new NDList(labels), 2, null, null, i, 99);
    }

    @Override
    public void prepare(Progress progress) {}
  }

  @Test
  void copiesADataSetThatHasNoRandomAccess() throws IOException {
    InMemoryImages images = DjlImages.copy(new Stream(2), List.of("cat", "dog"), 4);
    FloatBuffer target = FloatBuffer.allocate(48);

    images.read(3, 4, target);

    assertThat(images.size()).isEqualTo(4);
    assertThat(target.array()).containsOnly(0.03f);
    assertThat(images.label(2)).hasValue(1);
    assertThat(images.label(3)).hasValue(0);
    assertThat(images.identity()).isEqualTo(same(images).identity());
    assertThat(DjlImages.copy(new Stream(1), 9).label(0)).isEmpty();
  }

  private static InMemoryImages same(InMemoryImages images) {
    FloatBuffer all = FloatBuffer.allocate(4 * 48);
    for (int i = 0; i < 4; i++) {
      images.read(i, 4, all);
    }
    return InMemoryImages.of(all.array(), 4).labels(new int[] {0, 0, 1, 0}, images.classNames());
  }

  /** Its own sampler would shuffle, and leave the last one out. */
  @Test
  void copiesRecordsInTheirOrder() throws IOException {
    NDArray grays = manager.arange(5).div(10).reshape(5, 1, 1, 1).broadcast(5, 3, 4, 4);
    ArrayDataset shuffled =
        new ArrayDataset.Builder().setData(grays).setSampling(2, true, true).build();

    InMemoryImages images = DjlImages.copy(shuffled, 5);

    FloatBuffer target = FloatBuffer.allocate(5 * 48);
    for (int i = 0; i < 5; i++) {
      images.read(i, 4, target);
      assertThat(target.get(48 * i)).isEqualTo(i / 10f);
    }
  }

  @Test
  void saysWhatCantBeCopied() {
    assertThatThrownBy(() -> DjlImages.copy(new Stream(1_000_000), 5))
        .hasMessageContaining("Stream gives more than the 5 images")
        .hasMessageContaining("raise maxImages");
    assertThatThrownBy(() -> DjlImages.copy(new Stream(0), 5)).hasMessage("Stream has no images");
    assertThatThrownBy(() -> DjlImages.copy(new Stream(3), List.of("cat", "dog"), 9))
        .hasMessageContaining("label 2 is not an index into the 2 class names");
    assertThatThrownBy(
            () ->
                DjlImages.copy(
                    new ArrayDataset.Builder()
                        .setData(manager.zeros(new Shape(3, 3, 4, 4)))
                        .setSampling(1, false)
                        .build(),
                    List.of("cat"),
                    9))
        .hasMessage("ArrayDataset gives 0 labels for 3 images");
  }

  @Test
  void saysWhatThePipelineLacks() {
    DjlImages images =
        DjlImages.of(
            new ArrayDataset.Builder()
                .setData(manager.full(new Shape(2, 3, 4, 4), 2f))
                .setSampling(1, false)
                .build(),
            "an array");

    assertThat(images.label(0)).isEmpty();
    assertThatThrownBy(() -> images.read(0, 8, FloatBuffer.allocate(192)))
        .isInstanceOf(UnreadableImageException.class)
        .hasMessageContaining("the encoder takes [3,8,8]; add Resize and ToTensor");
    assertThatThrownBy(() -> images.read(0, 4, FloatBuffer.allocate(48)))
        .hasMessageContaining("pixels must be in [0,1], got 2.0; leave Normalize out");
  }
}
