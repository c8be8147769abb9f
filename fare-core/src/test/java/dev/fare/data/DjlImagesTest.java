package dev.fare.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.modality.cv.transform.ToTensor;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.dataset.ArrayDataset;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DjlImagesTest {
  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager("PyTorch");
  }

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
