package dev.fare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.Scale;

/** The l1 projection against its closed form, which sorts all break points, in double precision. */
class L1ProjectionPropertiesTest {

  private static final int PIXELS = 3 * 40 * 40;

  enum Perturbation {
    DENSE {
      @Override
      double draw(Random random) {
        return random.nextGaussian();
      }
    },
    SPARSE {
      @Override
      double draw(Random random) {
        return random.nextInt(20) == 0 ? 0.05 * random.nextGaussian() : 0;
      }
    },
    TIED {
      @Override
      double draw(Random random) {
        return (random.nextInt(7) - 3) / 64.0;
      }
    },
    FAR {
      @Override
      double draw(Random random) {
        return random.nextInt(3) == 0 ? 100 * random.nextGaussian() : 1e-4 * random.nextGaussian();
      }
    };

    abstract double draw(Random random);
  }

  @Property(tries = 120)
  void isTheClosedForm(
      @ForAll boolean allImagesAtOnce,
      @ForAll Perturbation perturbation,
      @ForAll @Scale(4) @DoubleRange(min = 0.01, max = 2_000) double epsilon,
      @ForAll long seed) {
    Random random = new Random(seed);
    float[] center = new float[2 * PIXELS];
    float[] image = new float[2 * PIXELS];
    for (int i = 0; i < center.length; i++) {
      center[i] = Math.min(1, Math.max(0, random.nextFloat() * 1.2f - 0.1f));
      image[i] = (float) (center[i] + perturbation.draw(random));
    }
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      Shape shape = new Shape(2, 3, 40, 40);
      Ball ball = ThreatModel.l1(epsilon).around(manager.create(center, shape));
      NDArray images = manager.create(image, shape);

      float[] projected =
          (allImagesAtOnce ? projectAtOnce(ball, images) : ball.project(images)).toFloatArray();

      for (int row = 0; row < 2; row++) {
        int from = row * PIXELS;
        float[] x = Arrays.copyOfRange(center, from, from + PIXELS);
        float[] z = Arrays.copyOfRange(image, from, from + PIXELS);
        assertThat(Arrays.copyOfRange(projected, from, from + PIXELS))
            .containsExactly(nearest(x, z, epsilon), within(tolerance(z, epsilon)));
      }
    }
  }

  /** As on a GPU. */
  private static NDArray projectAtOnce(Ball ball, NDArray images) {
    double[] radius = {ball.threatModel().epsilon()};
    NDArray change = images.sub(ball.center());
    return Ball.Script.MODULE.call("project_all_l1", radius, change, ball.center());
  }

  /**
   * A length is right to a millionth; a pixel far outside is rounded four times on its way back.
   */
  private static float tolerance(float[] image, double epsilon) {
    float largest = 1;
    for (float pixel : image) {
      largest = Math.max(largest, Math.abs(pixel));
    }
    return Math.max((float) (2e-6 + 1e-6 * epsilon), 6 * Math.ulp(largest));
  }

  /**
   * Every pixel moves towards the centre by a common shift, at least to where [0,1] begins and at
   * most to the centre; the shift is found among all its break points.
   */
  private static float[] nearest(float[] center, float[] image, double epsilon) {
    double[] least = new double[PIXELS];
    double[] most = new double[PIXELS];
    double[][] breaks = new double[2 * PIXELS][];
    double toMove = -epsilon;
    for (int i = 0; i < PIXELS; i++) {
      double change = (double) image[i] - center[i];
      double inCube = Math.min(Math.max(image[i], 0f), 1f);
      most[i] = Math.abs(change);
      least[i] = Math.abs(image[i] - inCube);
      breaks[2 * i] = new double[] {least[i], 1};
      breaks[2 * i + 1] = new double[] {most[i], -1};
      toMove += most[i] - least[i];
    }
    Arrays.sort(breaks, Comparator.comparingDouble(point -> point[0]));
    double shift = 0;
    double slope = 0;
    for (int i = 0; i < breaks.length && toMove > 0; i++) {
      double step = breaks[i][0] - shift;
      if (slope > 0 && slope * step >= toMove) {
        step = toMove / slope;
      }
      toMove -= slope * step;
      shift += step;
      slope += breaks[i][1];
    }
    float[] nearest = new float[PIXELS];
    for (int i = 0; i < PIXELS; i++) {
      double move = Math.min(Math.max(shift, least[i]), most[i]);
      double change = Math.signum((double) image[i] - center[i]) * (most[i] - move);
      nearest[i] = (float) (center[i] + change);
    }
    return nearest;
  }
}
