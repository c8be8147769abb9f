package dev.fare.examples.photographs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fare.data.InMemoryPictures;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NpmCifar10Test {
  @TempDir Path folder;

  @Test
  void takesEachRowOfASheetForAnImage() throws IOException {
    BufferedImage sheet = new BufferedImage(1024, 2, BufferedImage.TYPE_INT_RGB);
    sheet.setRGB(32 * 7 + 5, 1, 0x102030); // row 7, column 5 of the second image
    ImageIO.write(sheet, "png", folder.resolve("test_batch.png").toFile());
    Files.writeString(folder.resolve("test_lables.json"), "[3,9]");

    InMemoryPictures test = NpmCifar10.test(folder);

    assertThat(NpmCifar10.isIn(folder)).isTrue();
    assertThat(test.size()).isEqualTo(2);
    assertThat(test.classNames().get(test.label(1).orElseThrow())).isEqualTo("truck");
    assertThat(test.picture(1).crop(5, 7, 1, 1).bytes()).containsExactly(0x10, 0x20, 0x30);
  }

  @Test
  void saysWhatDoesNotFit() throws IOException {
    assertThat(NpmCifar10.isIn(folder)).isFalse();
    ImageIO.write(
        new BufferedImage(32, 32, BufferedImage.TYPE_INT_RGB),
        "png",
        folder.resolve("test_batch.png").toFile());
    Files.writeString(folder.resolve("test_lables.json"), "[3");

    assertThatThrownBy(() -> NpmCifar10.test(folder))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("must be 1024 pixels wide");
    ImageIO.write(
        new BufferedImage(1024, 1, BufferedImage.TYPE_INT_RGB),
        "png",
        folder.resolve("test_batch.png").toFile());
    assertThatThrownBy(() -> NpmCifar10.test(folder))
        .hasMessageContaining("test_lables.json is not a JSON array of labels");
  }
}
