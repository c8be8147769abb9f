package dev.fare.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.ImageEncoder;
import dev.fare.image.ClipPreprocessing;
import dev.fare.image.PixelImage;
import dev.fare.models.vision.VisionTransformer;
import dev.fare.torch.Autograd;
import dev.fare.torch.GradMode;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ResizingEncoderTest {

  private static final int SIZE = 32;

  private NDManager manager;
  private VisionTransformer tower;
  private ResizingEncoder encoder;

  @BeforeEach
  void load() throws Exception {
    manager = NDManager.newBaseManager("PyTorch");
    tower = TinyClip.vision();
    encoder = new ResizingEncoder(new TowerEncoder(tower), 20);
  }

  @AfterEach
  void close() {
    encoder.close();
    tower.close();
    manager.close();
  }

  @ParameterizedTest
  @CsvSource({"20, 20", "7, 5", "33, 32", "32, 35", "97, 61", "40, 131", "31, 100", "64, 64"})
  void resizesAsPillowDoesButForTheRoundingToBytes(int width, int height) {
    byte[] rgb = new byte[3 * width * height];
    new SplittableRandom(width).nextBytes(rgb); // noise overshoots most
    float[] planes = new float[rgb.length];
    for (int i = 0; i < rgb.length; i++) {
      planes[i % 3 * width * height + i / 3] = (rgb[i] & 0xff) / 255f;
    }
    float[] pillow = ClipPreprocessing.openClip(SIZE).pixels(PixelImage.rgb(width, height, rgb));

    NDArray resized = encoder.resize(manager.create(planes, new Shape(1, 3, height, width)));

    assertThat(resized.getShape()).isEqualTo(new Shape(1, 3, SIZE, SIZE));
    // half a byte for each pass, the first one's spread by weights whose sizes add up to 1.3
    assertThat(resized.toFloatArray()).containsExactly(pillow, within(1.2f / 255));
  }

  @Test
  void leavesImagesOfTheEncodersSizeAlone() {
    NDArray pixels = noise(0, 1, 32, 32);

    assertThat(encoder.resize(pixels).toFloatArray()).isEqualTo(pixels.toFloatArray());
    assertThat(encoder.embed(pixels).toFloatArray()).isEqualTo(tower.embed(pixels).toFloatArray());
    assertThat(encoder.imageSize()).isEqualTo(20);
    assertThat(encoder.embeddingSize()).isEqualTo(16);
  }

  @Test
  void isWhereTheEncoderInsideIs() {
    ImageEncoder elsewhere = new OnDevice(new TowerEncoder(tower), Device.gpu(5));
    try (ResizingEncoder resizing = new ResizingEncoder(elsewhere, 20)) {
      assertThat(resizing.device()).isEqualTo(Device.gpu(5));
    }
    try (ZeroShotClassifier classifier =
        new ZeroShotClassifier(
            new OnDevice(new TowerEncoder(tower), Device.of("cpu", 0)),
            List.of("a"),
            manager.ones(new Shape(1, 16)),
            1)) {
      assertThat(classifier.device().isGpu()).isFalse();
    }
  }

  /** An encoder that says where it is. */
  private record OnDevice(ImageEncoder encoder, Device device) implements ImageEncoder {
    @Override
    public NDArray embed(NDArray pixels) {
      return encoder.embed(pixels);
    }

    @Override
    public int embeddingSize() {
      return encoder.embeddingSize();
    }

    @Override
    public int imageSize() {
      return encoder.imageSize();
    }

    @Override
    public void close() {}
  }

  @Test
  void theGradientIsThatOfFiniteDifferences() {
    NDArray pixels = noise(0.3, 0.7, 24, 20);
    NDArray direction = noise(-1, 1, 24, 20);
    NDArray weights = noise(-1, 1, SIZE, SIZE);
    float slope;
    try (GradMode on = GradMode.enableGrad()) {
      NDArray variable = Autograd.leaf(pixels);
      NDArray loss = encoder.resize(variable).mul(weights).sum();
      slope = Autograd.gradient(loss, variable).mul(direction).sum().getFloat();
    }
    double step = 0.05; // nothing is clipped, so that the resizing is linear
    double above = encoder.resize(pixels.add(direction.mul(step))).mul(weights).sum().getFloat();
    double below = encoder.resize(pixels.sub(direction.mul(step))).mul(weights).sum().getFloat();

    assertThat((above - below) / (2 * step)).isCloseTo(slope, within(1e-3 * Math.abs(slope)));
    assertThat(Math.abs(slope)).isGreaterThan(1);
  }

  @Test
  void theEmbeddingIsDifferentiableToTheSmallImage() {
    NDArray pixels = noise(0.3, 0.7, 20, 20);
    NDArray direction = noise(-1, 1, 20, 20);
    float slope;
    try (GradMode on = GradMode.enableGrad()) {
      NDArray variable = Autograd.leaf(pixels);
      NDArray gradient = Autograd.gradient(encoder.embed(variable).square().sum(), variable);
      slope = gradient.mul(direction).sum().getFloat();
    }
    double step = 1e-3;
    double above = encoder.embed(pixels.add(direction.mul(step))).square().sum().getFloat();
    double below = encoder.embed(pixels.sub(direction.mul(step))).square().sum().getFloat();

    assertThat((above - below) / (2 * step)).isCloseTo(slope, within(0.02 * Math.abs(slope)));
  }

  @Test
  void refusesAnotherRangeAndShape() {
    assertThatThrownBy(() -> encoder.embed(noise(0, 255, 20, 20)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("divide 8-bit values by 255");
    assertThatThrownBy(() -> encoder.embed(noise(0, 1, 20, 20).get(0)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("[N,3,H,W]");
    assertThatThrownBy(() -> new ResizingEncoder(new TowerEncoder(tower), 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("got 0");
  }

  private NDArray noise(double low, double high, int height, int width) {
    SplittableRandom random = new SplittableRandom(height * 100L + width);
    float[] values = new float[3 * height * width];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextDouble(low, high);
    }
    return manager.create(values, new Shape(1, 3, height, width));
  }
}
