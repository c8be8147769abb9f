package dev.fare.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fare.data.ImageDataset;
import dev.fare.data.ImageSubset;
import dev.fare.data.InMemoryPictures;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class AugmentationTest {
  private static final int DRAWS = 10_000;

  /** Kolmogorov-Smirnov: a right distribution of so many draws exceeds it once in 10,000 cases. */
  private static final double CRITICAL = 2.23 / Math.sqrt(DRAWS);

  /**
   * Small enough crops that none is drawn again, so that the documented distributions are exact.
   */
  private static final Augmentation CROPS = crops(0.1, 0.5, 3 / 4.0, 4 / 3.0, 0.5, 7);

  private static Augmentation crops(
      double minScale,
      double maxScale,
      double minRatio,
      double maxRatio,
      double flipProbability,
      long seed) {
    Augmentation.Crop crop = new Augmentation.Crop(minScale, maxScale, minRatio, maxRatio);
    return new Augmentation(Optional.of(crop), flipProbability, seed);
  }

  @Test
  void drawsAreasUniformly() {
    assertThat(distance(draw -> (draw.width() * (double) draw.height() / 1e8 - 0.1) / 0.4))
        .isLessThan(CRITICAL);
  }

  @Test
  void drawsTheLogarithmOfTheRatioUniformly() {
    double low = Math.log(3 / 4.0);
    double high = Math.log(4 / 3.0);

    assertThat(
            distance(
                draw -> (Math.log(draw.width() / (double) draw.height()) - low) / (high - low)))
        .isLessThan(CRITICAL);
  }

  @Test
  void drawsPlacesUniformly() {
    assertThat(distance(draw -> draw.left() / (10_000.0 - draw.width()))).isLessThan(CRITICAL);
    assertThat(distance(draw -> draw.top() / (10_000.0 - draw.height()))).isLessThan(CRITICAL);
  }

  @Test
  void mirrorsAsOftenAsAsked() {
    long mirrored =
        IntStream.range(0, DRAWS).filter(i -> CROPS.draw(100, 100, 0, i).isMirrored()).count();

    assertThat(mirrored / (double) DRAWS).isCloseTo(0.5, within(0.02));
    assertThat(
            IntStream.range(0, 100)
                .filter(i -> Augmentation.randomResizedCrop(1).draw(9, 9, 0, i).isMirrored()))
        .isEmpty();
  }

  /** The largest gap between the draws' distribution and the uniform one on [0,1]. */
  private static double distance(ToDoubleFunction<Augmentation.Place> value) {
    double[] values =
        IntStream.range(0, DRAWS)
            .mapToObj(index -> CROPS.draw(10_000, 10_000, 3, index).place().orElseThrow())
            .mapToDouble(value)
            .sorted()
            .toArray();
    return IntStream.range(0, DRAWS)
        .mapToDouble(
            i ->
                Math.max(
                    Math.abs(values[i] - i / (double) DRAWS),
                    Math.abs(values[i] - (i + 1) / (double) DRAWS)))
        .max()
        .orElseThrow();
  }

  @Test
  void drawsFromSeedEpochAndIndexAlone() {
    assertThat(CROPS.draw(500, 400, 2, 9)).isEqualTo(CROPS.draw(500, 400, 2, 9));
    assertThat(CROPS.draw(500, 400, 3, 9)).isNotEqualTo(CROPS.draw(500, 400, 2, 9));
    assertThat(CROPS.draw(500, 400, 2, 10)).isNotEqualTo(CROPS.draw(500, 400, 2, 9));
    assertThat(CROPS.withSeed(8).draw(500, 400, 2, 9)).isNotEqualTo(CROPS.draw(500, 400, 2, 9));
  }

  @Test
  void keepsTheMiddleOfWhatNoRatioFits() {
    // torchvision: round(10 * 4 / 3) = 13 columns from (1000 - 13) // 2 on
    Augmentation.Draw wide = Augmentation.randomResizedCrop(1).draw(1000, 10, 0, 0);
    Augmentation.Draw tall = Augmentation.randomResizedCrop(1).draw(10, 1000, 0, 0);

    assertThat(wide.place()).hasValue(new Augmentation.Place(493, 0, 13, 10));
    assertThat(tall.place()).hasValue(new Augmentation.Place(0, 493, 10, 13));
  }

  @Test
  void cropsThenResizesThenMirrors() {
    byte[] ramp = new byte[3 * 12 * 9];
    for (int i = 0; i < ramp.length; i++) {
      ramp[i] = (byte) i;
    }
    PixelImage image = PixelImage.rgb(12, 9, ramp);
    Augmentation always = crops(0.3, 0.6, 0.75, 1.3, 1, 4);
    Augmentation.Place draw = always.draw(12, 9, 5, 1).place().orElseThrow();

    PixelImage seen = always.apply(image, ClipPreprocessing.openClip(4), 5, 1);

    PixelImage plain =
        image
            .crop(draw.left(), draw.top(), draw.width(), draw.height())
            .resize(4, 4, Interpolation.BICUBIC);
    for (int y = 0; y < 4; y++) {
      for (int x = 0; x < 4; x++) {
        assertThat(seen.crop(x, y, 1, 1).bytes()).isEqualTo(plain.crop(3 - x, y, 1, 1).bytes());
      }
    }
  }

  @Test
  void augmentsWhatATrainingReadsAndNothingElse() throws Exception {
    byte[] noise = new byte[3 * 20 * 20];
    new Random(1).nextBytes(noise);
    InMemoryPictures plain = InMemoryPictures.of("noise", List.of(PixelImage.rgb(20, 20, noise)));
    InMemoryPictures augmented = plain.augmentation(CROPS);

    assertThat(read(augmented)).isEqualTo(read(plain));
    assertThat(read(augmented.atEpoch(0))).isNotEqualTo(read(plain));
    assertThat(read(augmented.atEpoch(0))).isEqualTo(read(augmented.atEpoch(0)));
    assertThat(read(augmented.atEpoch(1))).isNotEqualTo(read(augmented.atEpoch(0)));
    assertThat(read(ImageSubset.of(augmented, 0).atEpoch(1))).isEqualTo(read(augmented.atEpoch(1)));
    assertThat(augmented.description()).isNotEqualTo(plain.description());
  }

  /** A wide picture keeps its shape: its middle is seen, or the mirror image of that. */
  @Test
  void flipsWithoutDistortion() throws Exception {
    byte[] noise = new byte[3 * 24 * 12];
    new Random(2).nextBytes(noise);
    PixelImage picture = PixelImage.rgb(24, 12, noise);
    float[] prepared = ClipPreprocessing.openClip(8).pixels(picture);
    float[] mirrored = ClipPreprocessing.openClip(8).pixels(picture.mirror());
    InMemoryPictures data =
        InMemoryPictures.of("noise", List.of(picture)).augmentation(Augmentation.randomFlip());

    int flips = 0;
    for (int epoch = 0; epoch < 40; epoch++) {
      float[] seen = read(data.atEpoch(epoch));
      boolean isMirrored = Arrays.equals(seen, mirrored);
      assertThat(seen).isEqualTo(isMirrored ? mirrored : prepared);
      flips += isMirrored ? 1 : 0;
    }
    assertThat(flips).isBetween(8, 32);
    assertThat(mirrored).isNotEqualTo(prepared);
  }

  private static float[] read(ImageDataset data) throws Exception {
    FloatBuffer pixels = FloatBuffer.allocate(3 * 8 * 8);
    data.read(0, 8, pixels);
    return Arrays.copyOf(pixels.array(), pixels.capacity());
  }

  @Test
  void refusesWhatCannotBeDrawn() {
    assertThatThrownBy(() -> Augmentation.randomResizedCrop(0))
        .hasMessageContaining("scales must rise within (0,1], got 0.0 and 1.0");
    assertThatThrownBy(() -> crops(0.5, 1, 2, 1, 0, 0))
        .hasMessageContaining("ratios must rise above 0, got 2.0 and 1.0");
    assertThatThrownBy(() -> crops(0.5, 1, 1, 1, 2, 0))
        .hasMessageContaining("flipProbability must be in [0,1], got 2.0");
  }
}
