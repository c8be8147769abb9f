package dev.fare.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fare.image.PixelImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Records are put together here as the data set's page describes them. */
class CifarBinaryTest {
  @TempDir Path folder;

  @Test
  void readsTheRecordsOfCifar10() throws IOException {
    Files.write(folder.resolve("batches.meta.txt"), List.of("airplane", "automobile", "bird", ""));
    for (int batch = 1; batch <= 5; batch++) {
      Files.write(folder.resolve("data_batch_" + batch + ".bin"), record(batch, batch % 3));
    }

    InMemoryPictures training = CifarBinary.training10(folder);

    assertThat(training.classNames()).containsExactly("airplane", "automobile", "bird");
    assertThat(IntStream.range(0, 5).map(i -> training.label(i).orElseThrow()))
        .containsExactly(1, 2, 0, 1, 2);
    PixelImage third = training.picture(2);
    assertThat(third.width()).isEqualTo(32);
    // red is row + column, green 100 + row, blue the batch
    assertThat(third.crop(5, 7, 1, 1).bytes()).containsExactly(12, 107, 3);
  }

  @Test
  void takesTheFineLabelOfCifar100() throws IOException {
    Files.write(folder.resolve("fine_label_names.txt"), List.of("apple", "baby", "bear"));
    Files.write(folder.resolve("test.bin"), record(9, 1, 2));

    InMemoryPictures test = CifarBinary.test100(folder);

    assertThat(test.size()).isOne();
    assertThat(test.label(0)).hasValue(2);
    assertThat(test.picture(0).crop(0, 0, 1, 1).bytes()).containsExactly(0, 100, 9);
  }

  @Test
  void saysWhatIsWrongWithAFile() throws IOException {
    Files.write(folder.resolve("batches.meta.txt"), List.of("airplane", "automobile"));
    assertThatThrownBy(() -> CifarBinary.test10(folder))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("test_batch.bin");
    Files.write(folder.resolve("test_batch.bin"), new byte[4000]);
    assertThatThrownBy(() -> CifarBinary.test10(folder))
        .hasMessageContaining("records of 3073 bytes, it has 4000 bytes");
    Files.write(folder.resolve("test_batch.bin"), record(0, 7));
    assertThatThrownBy(() -> CifarBinary.test10(folder))
        .hasMessageContaining("record 0 of")
        .hasMessageContaining("label 7, there are 2 classes");
  }

  private static byte[] record(int blue, int... labels) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    IntStream.of(labels).forEach(bytes::write);
    for (int plane = 0; plane < 3; plane++) {
      for (int row = 0; row < 32; row++) {
        for (int column = 0; column < 32; column++) {
          bytes.write(List.of(row + column, 100 + row, blue).get(plane));
        }
      }
    }
    return bytes.toByteArray();
  }
}
