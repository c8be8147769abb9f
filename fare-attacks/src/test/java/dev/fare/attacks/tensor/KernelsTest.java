package dev.fare.attacks.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The largest coordinates of large gradients, against sorting all of them. */
class KernelsTest {

  private static final int PIXELS = 3 * 80 * 80;

  enum Gradient {
    DENSE,
    /** Fewer coordinates than are asked for. */
    NEARLY_ZERO,
    ZERO,
    TIED,
    /** Every 61st coordinate, which is what a sample of the gradient sees, is tiny. */
    HIDDEN,
    /** Every 61st coordinate is huge. */
    LURING;

    float draw(int i, Random random) {
      double value = random.nextGaussian();
      return (float)
          switch (this) {
            case DENSE -> value;
            case NEARLY_ZERO -> i % 100 == 0 ? value : 0;
            case ZERO -> 0;
            case TIED -> Math.rint(2 * value);
            case HIDDEN -> i % 61 == 0 ? 1e-6 * value : value;
            case LURING -> i % 61 == 0 ? 1e6 * value : value;
          };
    }
  }

  @ParameterizedTest
  @EnumSource(Gradient.class)
  void movesTheLargestCoordinates(Gradient kind) {
    Random random = new Random(3);
    float[] gradient = new float[2 * PIXELS];
    for (int i = 0; i < gradient.length; i++) {
      gradient[i] = kind.draw(i % PIXELS, random);
    }
    float[] shares = {0.05f, 0.3f};
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      NDArray g = manager.create(gradient, new Shape(2, 3, 80, 80));

      float[] found = Kernels.largestSigns(g, manager.create(shares)).toFloatArray();

      for (int row = 0; row < 2; row++) {
        float[] one = Arrays.copyOfRange(gradient, row * PIXELS, (row + 1) * PIXELS);
        assertThat(Arrays.copyOfRange(found, row * PIXELS, (row + 1) * PIXELS))
            .containsExactly(sorted(one, shares[row]), within(1e-9f));
      }
    }
  }

  private static float[] sorted(float[] gradient, float share) {
    float[] magnitudes = new float[PIXELS];
    for (int i = 0; i < PIXELS; i++) {
      magnitudes[i] = Math.abs(gradient[i]);
    }
    float[] ascending = magnitudes.clone();
    Arrays.sort(ascending);
    float least = ascending[(int) ((1 - share) * PIXELS)];
    float[] signs = new float[PIXELS];
    int count = 0;
    for (int i = 0; i < PIXELS; i++) {
      signs[i] = magnitudes[i] >= least ? Math.signum(gradient[i]) : 0;
      count += signs[i] == 0 ? 0 : 1;
    }
    for (int i = 0; i < PIXELS; i++) {
      signs[i] /= Math.max(count, 1);
    }
    return signs;
  }

  @Test
  void stepsByTheSameAmountWithoutBuildingTheDirection() {
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      NDArray images = manager.randomUniform(0, 1, new Shape(2, 3, 80, 80));
      NDArray g = manager.randomNormal(images.getShape());
      NDArray shares = manager.create(new float[] {0.05f, 0.2f});
      NDArray sizes = manager.create(new float[] {3, 40}, new Shape(2, 1, 1, 1));

      NDArray next = Kernels.ascendSparsely(images, g, shares, sizes);

      NDArray expected = images.add(Kernels.largestSigns(g, shares).mul(sizes));
      assertThat(next.toFloatArray()).containsExactly(expected.toFloatArray(), within(1e-6f));
    }
  }
}
