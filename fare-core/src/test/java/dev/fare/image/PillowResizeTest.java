package dev.fare.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.common.primitives.Bytes;
import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.fare.image.PixelImage.Mode;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.function.IntToDoubleFunction;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PillowResizeTest {
  private static final Gson GSON = new Gson();

  @Test
  void givesTheBytesOfPillowAndTorchvision() throws IOException {
    for (JsonElement element : recorded().getAsJsonArray("cases")) {
      JsonObject given = element.getAsJsonObject();
      int[] resized = GSON.fromJson(given.get("resized_width_height"), int[].class);
      PixelImage image =
          PixelImage.rgb(
              given.get("width").getAsInt(),
              given.get("height").getAsInt(),
              bytes(given, "bytes_hwc"));

      PixelImage whole = image.resize(resized[0], resized[1], Interpolation.BICUBIC);
      PixelImage cropped = ClipPreprocessing.openClip(given.get("n_px").getAsInt()).apply(image);

      assertThat(whole.bytes()).isEqualTo(bytes(given, "resized_bytes_hwc"));
      assertThat(cropped.bytes()).isEqualTo(bytes(given, "cropped_bytes_hwc_rgb"));
    }
  }

  @Test
  void givesThePixelsThatNormaliseToTheRecordedValues() throws IOException {
    for (JsonElement element : recorded().getAsJsonArray("cases")) {
      JsonObject given = element.getAsJsonObject();
      int size = given.get("n_px").getAsInt();
      PixelImage cropped = PixelImage.rgb(size, size, bytes(given, "cropped_bytes_hwc_rgb"));

      float[] pixels = ClipPreprocessing.openClip(size).pixels(cropped); // [3, size, size]

      double sum = 0;
      for (int i = 0; i < pixels.length; i++) {
        int channel = i / (size * size);
        sum +=
            (pixels[i] - PixelNormalization.CLIP.mean().get(channel))
                / PixelNormalization.CLIP.std().get(channel);
      }
      assertThat(sum).isCloseTo(given.get("normalized_sum").getAsDouble(), within(0.01));
    }
  }

  @Property(tries = 200, seed = "1")
  void staysWithinARoundingAPassOfTheFilterInDoublePrecision(
      @ForAll @IntRange(min = 1, max = 40) int width,
      @ForAll @IntRange(min = 1, max = 40) int height,
      @ForAll @IntRange(min = 1, max = 40) int newWidth,
      @ForAll @IntRange(min = 1, max = 40) int newHeight,
      @ForAll long seed) {
    PixelImage image = random(Mode.RGB, width, height, seed);

    byte[] resized = image.resize(newWidth, newHeight, Interpolation.BICUBIC).bytes();

    byte[] reference = inDoublePrecision(image, newWidth, newHeight);
    int passes = (newWidth == width ? 0 : 1) + (newHeight == height ? 0 : 1);
    for (int i = 0; i < resized.length; i++) {
      assertThat(Math.abs((resized[i] & 0xff) - (reference[i] & 0xff))).isLessThanOrEqualTo(passes);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Mode.class,
      names = {"PALETTE"},
      mode = EnumSource.Mode.EXCLUDE)
  void computesTheSameCropAsTheWholeImageHas(Mode mode) {
    PixelImage image = random(mode, 37, 21, 5);
    for (Interpolation interpolation : Interpolation.values()) {
      PixelImage whole = image.resize(29, 50, interpolation);

      PixelImage part =
          new PillowResize(29, 50, new PillowResize.Crop(3, 7, 11, 13), interpolation).apply(image);

      assertThat(part.mode()).isEqualTo(mode);
      assertThat(part.bytes()).isEqualTo(whole.crop(3, 7, 11, 13).bytes());
    }
  }

  @Test
  void keepsTransparentColoursOutOfTheResult() {
    byte[] half = new byte[4 * 64];
    for (int i = 0; i < 64; i++) {
      boolean opaque = i % 8 < 4;
      half[4 * i] = (byte) (opaque ? 200 : 0);
      half[4 * i + 1] = (byte) (opaque ? 0 : 255); // green hides where nothing is seen
      half[4 * i + 3] = (byte) (opaque ? 255 : 0);
    }

    byte[] small = PixelImage.of(Mode.RGBA, 8, 8, half).resize(3, 3, Interpolation.BICUBIC).bytes();

    int seen = 0;
    for (int i = 0; i < 9; i++) {
      if (small[4 * i + 3] != 0) {
        assertThat(small[4 * i] & 0xff).isBetween(190, 215);
        assertThat(small[4 * i + 1]).isZero();
        seen++;
      }
    }
    assertThat(seen).isBetween(3, 6); // the left column, and the middle one
  }

  /** The filter as its definition reads: weighted means in double precision, horizontal first. */
  private static byte[] inDoublePrecision(PixelImage image, int newWidth, int newHeight) {
    byte[] source = image.bytes();
    // clipped between the passes: without, overshoots would differ by more than 1
    double[] narrowed = new double[newWidth * image.height() * 3];
    for (int i = 0; i < narrowed.length; i++) {
      int row = i / (newWidth * 3);
      int channel = i % 3;
      double value =
          weightedMean(
              i / 3 % newWidth,
              image.width(),
              newWidth,
              x -> source[(row * image.width() + x) * 3 + channel] & 0xff);
      narrowed[i] = Math.max(0, Math.min(255, Math.floor(value + 0.5)));
    }
    byte[] result = new byte[newWidth * newHeight * 3];
    for (int i = 0; i < result.length; i++) {
      int inRow = i % (newWidth * 3);
      double value =
          weightedMean(
              i / (newWidth * 3),
              image.height(),
              newHeight,
              y -> narrowed[y * newWidth * 3 + inRow]);
      result[i] = (byte) Math.max(0, Math.min(255, Math.floor(value + 0.5)));
    }
    return result;
  }

  private static double weightedMean(
      int output, int sourceSize, int targetSize, IntToDoubleFunction sample) {
    double scale = (double) sourceSize / targetSize;
    double stretch = Math.max(1, scale);
    double sum = 0;
    double weights = 0;
    for (int i = 0; i < sourceSize; i++) {
      double weight = keys((i + 0.5 - (output + 0.5) * scale) / stretch);
      sum += weight * sample.applyAsDouble(i);
      weights += weight;
    }
    return sum / weights;
  }

  /** Keys' cubic, a = -1/2. */
  private static double keys(double distance) {
    double x = Math.abs(distance);
    if (x <= 1) {
      return 1.5 * x * x * x - 2.5 * x * x + 1;
    }
    return x < 2 ? -0.5 * x * x * x + 2.5 * x * x - 4 * x + 2 : 0;
  }

  private static PixelImage random(Mode mode, int width, int height, long seed) {
    byte[] data = new byte[width * height * mode.bytesPerPixel()];
    new Random(seed).nextBytes(data);
    if (mode == Mode.INTEGER) {
      for (int i = 0; i < data.length; i += 4) {
        data[i] = 0;
        data[i + 1] = 0;
      }
    }
    return PixelImage.of(mode, width, height, data);
  }

  private static byte[] bytes(JsonObject given, String name) {
    List<Byte> bytes = new ArrayList<>();
    given.getAsJsonArray(name).forEach(value -> bytes.add((byte) value.getAsInt()));
    return Bytes.toArray(bytes);
  }

  private static JsonObject recorded() throws IOException {
    try (InputStreamReader reader =
        new InputStreamReader(
            Objects.requireNonNull(PillowResizeTest.class.getResourceAsStream("h_preprocess.json")),
            StandardCharsets.UTF_8)) {
      return JsonParser.parseReader(reader).getAsJsonObject();
    }
  }
}
