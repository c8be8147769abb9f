package dev.fare.examples.emoji;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.awt.image.BufferedImage;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ArtworkTest {

  @ParameterizedTest
  @CsvSource({
    "24, 24, 1",
    "0, 24, 0.5",
    "48, 24, 0.5",
    "0, 0, 0.25",
    "-0.25, 24, 0.25",
    "-1, 9, 0"
  })
  void fadesToTransparentOverTheHalfPixelAtItsEdge(float x, float y, float expected) {
    float[] opaque = new float[Artwork.SIZE * Artwork.SIZE * 4];
    Arrays.fill(opaque, 1);
    float[] sum = new float[4];

    new Artwork(opaque).addSample(x, y, 1, sum);

    assertThat(sum).containsOnly(new float[] {expected}, within(1e-6f));
  }

  @Test
  void interpolatesBetweenPixelCentres() {
    float[] ramp = new float[Artwork.SIZE * Artwork.SIZE * 4];
    for (int i = 0; i < ramp.length; i++) {
      ramp[i] = i / 4 % Artwork.SIZE / 100f;
    }
    float[] sum = new float[4];

    new Artwork(ramp).addSample(10.75f, 3.1f, 2, sum);

    assertThat(sum).containsOnly(new float[] {2 * 0.1025f}, within(1e-6f));
  }

  @Test
  void shrinksByExactAreas() {
    // Columns 0, 90, 180, 255 of grey: a new column covers 4/3 old ones.
    BufferedImage image = new BufferedImage(4, 4, BufferedImage.TYPE_INT_ARGB);
    int[] greys = {0, 90, 180, 255};
    for (int i = 0; i < 16; i++) {
      image.setRGB(i % 4, i / 4, 0xFF000000 | greys[i % 4] * 0x10101);
    }

    int[] small = AreaDownscale.argb(image, 3);

    // (0 + 90/3)·3/4 = 22.5; (90·2/3 + 180·2/3)·3/4 = 135; (180/3 + 255)·3/4 = 236.25
    assertThat(small[3] & 255).isBetween(22, 23);
    assertThat(small[4] & 255).isEqualTo(135);
    assertThat(small[5] & 255).isEqualTo(236);
  }

  @Test
  void keepsTheColourOfTransparentPixelsOutOfTheAverage() {
    BufferedImage image = new BufferedImage(2, 2, BufferedImage.TYPE_INT_ARGB);
    image.setRGB(0, 0, 0xFFFF0000);
    image.setRGB(1, 0, 0x0000FF00);
    image.setRGB(0, 1, 0x0000FF00);
    image.setRGB(1, 1, 0x0000FF00);

    assertThat(AreaDownscale.argb(image, 1)).containsExactly(0x40FF0000);
  }

  @Test
  void refusesToEnlarge() {
    BufferedImage image = new BufferedImage(32, 32, BufferedImage.TYPE_INT_ARGB);

    assertThatThrownBy(() -> AreaDownscale.argb(image, 48))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("at least 48 pixels wide, got 32×32");
  }
}
