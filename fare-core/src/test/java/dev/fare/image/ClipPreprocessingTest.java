package dev.fare.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.modality.cv.Image;
import ai.djl.modality.cv.ImageFactory;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.fare.image.PixelImage.Mode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClipPreprocessingTest {
  private static final ClipPreprocessing OPEN_CLIP = ClipPreprocessing.openClip(32);

  private final NDManager manager = NDManager.newBaseManager();

  @AfterEach
  void releaseArrays() {
    manager.close();
  }

  @Test
  void givesChannelsFirstInTheUnitInterval() {
    PixelImage image = PixelImage.rgb(2, 1, new byte[] {0, 51, (byte) 255, 102, (byte) 204, 0});

    float[] pixels = squash(1).pixels(image.crop(1, 0, 1, 1));

    assertThat(pixels).containsExactly(0.4f, 0.8f, 0f);
  }

  @Test
  void givesTheSameBatchOnAnyExecutor() throws Exception {
    List<PixelImage> images = new ArrayList<>();
    for (int i = 0; i < 9; i++) {
      images.add(random(40 + i, 33 + 2 * i, i));
    }
    ExecutorService threads = Executors.newFixedThreadPool(3);
    try {
      NDArray alone = OPEN_CLIP.toPixels(manager, images);
      NDArray together = OPEN_CLIP.toPixels(manager, images, image -> image, threads);

      assertThat(alone.getShape()).isEqualTo(new Shape(9, 3, 32, 32));
      assertThat(alone.getDataType()).isEqualTo(DataType.FLOAT32);
      assertThat(together.toFloatArray()).isEqualTo(alone.toFloatArray());
      assertThat(alone.get(4).toFloatArray()).isEqualTo(OPEN_CLIP.pixels(images.get(4)));
    } finally {
      threads.shutdown();
    }
  }

  @Test
  void namesTheFileOfABatchThatCannotBeRead(@TempDir Path folder) throws IOException {
    Path good = Files.write(folder.resolve("good.png"), resource("tiny_rgb_7x5.png"));
    Path bad = Files.writeString(folder.resolve("bad.png"), "no image");

    assertThatThrownBy(
            () ->
                OPEN_CLIP.toPixels(
                    manager, List.of(good, bad), ImageDecoder.standard()::decode, Runnable::run))
        .isInstanceOf(UnreadableImageException.class)
        .hasMessageContaining("bad.png");
  }

  @Test
  void takesDjlImagesAsRgb() throws IOException {
    for (String name : List.of("landscape_rgb_97x61.png", "large_rgb_301x257.jpg")) {
      byte[] file = resource(name);
      Image image = ImageFactory.getInstance().fromInputStream(new ByteArrayInputStream(file));

      PixelImage taken = PixelImage.of(image);

      PixelImage decoded = ImageDecoder.standard().decode(file, name);
      assertThat(taken.bytes()).isEqualTo(decoded.bytes());
    }
  }

  @Test
  void takesDjlImagesThatWrapOtherThings() {
    Map<String, Function<Object[], Object>> answers =
        Map.of(
            "getWrappedImage", arguments -> "some native image",
            "getWidth", arguments -> 2,
            "getHeight", arguments -> 1,
            "toNDArray",
                arguments ->
                    ((NDManager) arguments[0])
                        .create(
                            ByteBuffer.wrap(new byte[] {1, 2, 3, 4, 5, -6}),
                            new Shape(1, 2, 3),
                            DataType.UINT8));
    Image image =
        (Image)
            Proxy.newProxyInstance(
                Image.class.getClassLoader(),
                new Class<?>[] {Image.class},
                (proxy, method, arguments) ->
                    Objects.requireNonNull(answers.get(method.getName())).apply(arguments));

    assertThat(PixelImage.of(image).bytes()).containsExactly(1, 2, 3, 4, 5, -6);
  }

  @Test
  void preparesAnExtremelyLongImageWithoutResizingAllOfIt() {
    PixelImage line = PixelImage.of(Mode.GRAY, 60_000, 1, new byte[60_000]);

    assertThat(ClipPreprocessing.openClip(224).apply(line).width()).isEqualTo(224);
    assertThatThrownBy(() -> ClipPreprocessing.openClip(336).apply(line))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("60000 x 1 pixels is too thin to be resized to 336");
  }

  @Test
  void squashesBothSides() {
    PixelImage image = random(50, 20, 1);

    assertThat(squash(16).apply(image).bytes())
        .isEqualTo(image.resize(16, 16, Interpolation.BICUBIC).bytes());
  }

  @Test
  void refusesSizesThatMakeNoSense() {
    assertThatThrownBy(() -> ClipPreprocessing.openClip(0))
        .hasMessage("size must be in [1, 8192] pixels, got 0");
    assertThatThrownBy(() -> new ResizeMode.PadToSquare(0, 256, 0))
        .hasMessageContaining("must be in 0..255");
    assertThatThrownBy(() -> OPEN_CLIP.toPixels(manager, List.of()))
        .hasMessageContaining("at least one image");
  }

  /** Data sets' identities in checkpoints and journals have this text. */
  @Test
  void isWrittenAsTheFirstVersionWroteIt() {
    assertThat(ClipPreprocessing.llava(336))
        .hasToString(
            "ClipPreprocessing[size=336, resizeMode=PadToSquare[red=122, green=116, blue=104],"
                + " interpolation=BICUBIC, convertsToRgbFirst=true,"
                + " mean=[0.48145466, 0.4578275, 0.40821073],"
                + " standardDeviation=[0.26862954, 0.26130258, 0.27577711]]");
  }

  private static ClipPreprocessing squash(int size) {
    return new ClipPreprocessing(size, new ResizeMode.Squash(), Interpolation.BICUBIC, true);
  }

  private static PixelImage random(int width, int height, long seed) {
    byte[] rgb = new byte[3 * width * height];
    new Random(seed).nextBytes(rgb);
    return PixelImage.rgb(width, height, rgb);
  }

  private static byte[] resource(String name) throws IOException {
    try (InputStream stream =
        ClipPreprocessingTest.class.getResourceAsStream("preprocess/src/" + name)) {
      return Objects.requireNonNull(stream, name).readAllBytes();
    }
  }
}
