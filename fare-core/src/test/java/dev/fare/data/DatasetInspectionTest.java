package dev.fare.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fare.image.PixelImage;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DatasetInspectionTest {
  @TempDir Path root;

  @Test
  void findsTheSamePictureUnderOtherNamesAndInOtherFormats() throws IOException {
    TestPictures.write(root.resolve("ape/1.png"), 5);
    TestPictures.write(root.resolve("ape/2.png"), 6);
    Path copy = root.resolve("zebra/1.bmp");
    Files.createDirectories(copy.getParent());
    BufferedImage image = ImageIO.read(root.resolve("ape/1.png").toFile());
    ImageIO.write(image, "bmp", copy.toFile());
    Files.writeString(root.resolve("zebra/2.jpg"), "broken");
    ImageFolder folder = ImageFolder.of(root);

    DatasetInspection inspection = DatasetInspection.of(folder, 4);

    String first = folder.name(0);
    assertThat(inspection.duplicates()).containsExactly(List.of(first, copy.toString()));
    assertThat(inspection.imagesOfClass()).containsEntry("ape", 2).containsEntry("zebra", 2);
    assertThat(inspection.unreadable()).containsOnlyKeys(root.resolve("zebra/2.jpg").toString());
    assertThat(inspection.problems())
        .hasSize(2)
        .last()
        .isEqualTo("these are the same picture: " + first + ", " + copy);
  }

  @Test
  void findsTestPicturesThatWereTrainedOn() throws IOException {
    ImageDataset training = grays("training", 1, 2, 3, 3);
    ImageDataset test = grays("test", 4, 3);

    assertThat(DatasetInspection.shared(training, test, 4))
        .containsExactly(
            List.of("picture 2 of training", "picture 3 of training", "picture 1 of test"));
    assertThat(DatasetInspection.shared(grays("a", 1), grays("b", 2), 4)).isEmpty();
  }

  @Test
  void namesAClassFolderWithoutAPicture() throws IOException {
    TestPictures.write(root.resolve("ape/1.png"), 5);
    Files.createDirectories(root.resolve("yak"));
    Files.createDirectories(root.resolve(".cache"));

    assertThatThrownBy(() -> ImageFolder.of(root))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("the class folders [yak] of")
        .hasMessageContaining("ImageFolder.unlabelled");
    ImageFolder unlabelled = ImageFolder.unlabelled(root);
    assertThat(unlabelled.size()).isOne();
    assertThat(unlabelled.classNames()).isEmpty();
    assertThat(unlabelled.label(0)).isEmpty();
  }

  private static InMemoryPictures grays(String origin, int... grays) {
    return InMemoryPictures.of(
        origin,
        Arrays.stream(grays)
            .mapToObj(gray -> PixelImage.of(PixelImage.Mode.GRAY, 1, 1, new byte[] {(byte) gray}))
            .toList());
  }
}
