package dev.fare.examples.emoji;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class EmojiScenesTest {
  private static final EmojiPack PACK = EmojiPack.load();
  private static final EmojiScenes SCENES = EmojiScenes.of(PACK, EmojiScenes.DEFAULT_CANVAS);

  @ParameterizedTest
  @EnumSource
  void keepsEveryPixelInTheUnitInterval(SceneFamily family) {
    float[] images = new float[200 * SCENES.valuesPerImage()];

    SCENES.renderBatch(pairs(200), new SceneStream(family, 1, "range"), 0, images);

    for (float value : images) {
      assertThat(value >= 0 && value <= 1).isTrue();
    }
  }

  @ParameterizedTest
  @EnumSource
  void rendersTheSameWhateverTheBatchAndThread(SceneFamily family) {
    SceneStream stream = new SceneStream(family, 1, "batches");
    float[] whole = new float[48 * SCENES.valuesPerImage()];
    float[] parts = new float[48 * SCENES.valuesPerImage()];

    SCENES.renderBatch(pairs(48), stream, 100, whole);
    IntStream.range(0, 48)
        .parallel()
        .forEach(
            i -> {
              float[] image = SCENES.render(pairs(48).get(i), stream, 100 + i);
              System.arraycopy(image, 0, parts, i * image.length, image.length);
            });

    assertThat(parts).isEqualTo(whole);
  }

  @Test
  void fillsADirectBufferFromItsPosition() {
    SceneStream stream = new SceneStream(SceneFamily.TEST, 1, "buffer");
    float[] expected = SCENES.batch(pairs(2), stream, 0).images();
    FloatBuffer buffer = ByteBuffer.allocateDirect(4 * (expected.length + 5)).asFloatBuffer();

    SCENES.renderBatch(pairs(2), stream, 0, buffer.position(5));

    assertThat(buffer.position()).isEqualTo(5 + expected.length);
    float[] written = new float[expected.length];
    buffer.get(5, written);
    assertThat(written).isEqualTo(expected);
  }

  @Test
  void changesWithSeedPurposeAndIndex() {
    EmojiPair pair = new EmojiPair(3, EmojiStyle.NOTO);
    float[] scene = SCENES.render(pair, new SceneStream(SceneFamily.TEST, 1, "a"), 0);

    assertThat(SCENES.render(pair, new SceneStream(SceneFamily.TEST, 1, "a"), 1))
        .isNotEqualTo(scene);
    assertThat(SCENES.render(pair, new SceneStream(SceneFamily.TEST, 1, "b"), 0))
        .isNotEqualTo(scene);
    assertThat(SCENES.render(pair, new SceneStream(SceneFamily.TEST, 2, "a"), 0))
        .isNotEqualTo(scene);
  }

  @Test
  void sharesNoKindOfBackgroundBetweenTrainingAndTest() {
    assertThat(BackgroundKind.of(SceneFamily.TRAINING)).hasSize(6);
    assertThat(BackgroundKind.of(SceneFamily.TEST))
        .hasSize(4)
        .doesNotContainAnyElementsOf(BackgroundKind.of(SceneFamily.TRAINING));
  }

  @ParameterizedTest
  @EnumSource
  void paintsBackgroundsOfValidColours(BackgroundKind kind) {
    float[] rgb = new float[3];
    for (int scene = 0; scene < 20; scene++) {
      Background background = kind.create(new SceneRandom(1, kind.name(), scene));
      for (int i = 0; i < 400; i++) {
        int row = i / 20;
        background.colour((i % 20 + 0.5f) / 20, (row + 0.5f) / 20, rgb);
        for (float channel : rgb) {
          assertThat(channel).isBetween(-1e-6f, 1 + 1e-6f);
        }
      }
    }
  }

  @Test
  void rendersTheSamePictureOnAFinerCanvas() {
    EmojiScenes fine = EmojiScenes.of(PACK, 96);
    SceneStream stream = new SceneStream(SceneFamily.TEST, 5, "canvas");
    EmojiPair pair = new EmojiPair(50, EmojiStyle.TWEMOJI);

    float[] coarsePicture = SCENES.render(pair, stream, 2);
    float[] finePicture = fine.render(pair, stream, 2);

    assertThat(finePicture).hasSize(3 * 96 * 96);
    double difference = 0;
    for (int i = 0; i < coarsePicture.length; i++) {
      int plane = i / (48 * 48);
      int row = i / 48 % 48;
      int at = plane * 96 * 96 + 2 * row * 96 + 2 * (i % 48);
      float mean =
          (finePicture[at] + finePicture[at + 1] + finePicture[at + 96] + finePicture[at + 97]) / 4;
      difference += Math.abs(mean - coarsePicture[i]);
    }
    assertThat(difference / coarsePicture.length).isLessThan(0.02);
  }

  @Test
  void placesArtworkWithAnAffineMapThatInvertsTheTurn() {
    for (int scene = 0; scene < 100; scene++) {
      SceneRandom random = new SceneRandom(1, "placement", scene);
      Placement placement = Placement.natural(random);

      double length = Math.hypot(placement.ux(), placement.vx());
      assertThat(1 / length).isBetween(0.6 - 1e-5, 1 + 1e-5);
      assertThat(Math.hypot(placement.uy(), placement.vy())).isCloseTo(length, within(1e-5));
      double angle = Math.toDegrees(Math.atan2(placement.uy(), placement.ux()));
      assertThat(angle).isBetween(-25.001, 25.001);
    }
  }

  @Test
  void refusesASmallArrayAndAnImpossibleCanvas() {
    SceneStream stream = new SceneStream(SceneFamily.TEST, 1, "small");
    assertThatThrownBy(() -> SCENES.renderBatch(pairs(2), stream, 0, new float[100]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("out must hold 2 images of 6912 values, got room for 100 values");
    assertThatThrownBy(() -> EmojiScenes.of(PACK, 4))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("canvas must be in [8, 1024] pixels, got 4");
  }

  private static List<EmojiPair> pairs(int count) {
    EmojiStyle[] styles = EmojiStyle.values();
    EmojiPair[] pairs = new EmojiPair[count];
    Arrays.setAll(pairs, i -> new EmojiPair(i * 7 % 480, styles[i % 2]));
    return List.of(pairs);
  }
}
