package dev.fare.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class AutogradTest {

  @Test
  void differentiatesAPolynomial() {
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        GradMode on = GradMode.enableGrad()) {
      NDArray x = Autograd.leaf(manager.create(new float[] {1, -2, 3}));

      NDArray gradient = Autograd.gradient(x.mul(x).mul(x).sum(), x);

      assertThat(gradient.toFloatArray()).containsExactly(3, 12, 27);
    }
  }

  @Test
  void givesZerosForAnArrayTheLossDoesNotDependOn() {
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        GradMode on = GradMode.enableGrad()) {
      NDArray x = Autograd.leaf(manager.create(new float[] {2, 5}));
      NDArray y = Autograd.leaf(manager.create(new float[] {7}));
      y.setName("kept.name");

      NDList gradients = Autograd.gradients(x.square().sum(), List.of(x, y));

      assertThat(gradients.get(0).toFloatArray()).containsExactly(4, 10);
      assertThat(gradients.get(1).toFloatArray()).containsExactly(0);
      assertThat(y.getName()).isEqualTo("kept.name");
    }
  }

  @Test
  void saysWhenTheLossIsNotConnectedToTheInput() {
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        GradMode on = GradMode.enableGrad()) {
      NDArray x = Autograd.leaf(manager.create(new float[] {1}));
      NDArray y = Autograd.leaf(manager.create(new float[] {1}));

      assertThatThrownBy(() -> Autograd.gradient(x.stopGradient().sum(), x))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("not connected to the input");
      assertThatThrownBy(() -> Autograd.gradient(y.square().sum(), x))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("not connected to the input");
      assertThatThrownBy(() -> Autograd.gradient(x.concat(y).square(), x))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("must be a scalar, got shape (2)");
    }
  }

  @Test
  void recordsNothingWhileGradModeIsOffAndRestoresIt() {
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        GradMode on = GradMode.enableGrad()) {
      NDArray x = Autograd.leaf(manager.create(new float[] {1, 2}));
      try (GradMode off = GradMode.noGrad()) {
        assertThat(isRecorded(x)).isFalse();
        try (GradMode again = GradMode.enableGrad()) {
          assertThat(isRecorded(x)).isTrue();
        }
        assertThat(isRecorded(x)).isFalse();
      }
      assertThat(isRecorded(x)).isTrue();
    }
  }

  private static boolean isRecorded(NDArray x) {
    NDArray loss = x.square().sum();
    try {
      Autograd.gradient(loss, x);
      return true;
    } catch (IllegalStateException e) {
      return false;
    }
  }

  @Test
  void twoThreadsDifferentiateAtTheSameTime() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(2);
    try {
      List<Future<Float>> results = new ArrayList<>();
      for (int i = 1; i <= 40; i++) {
        float factor = i;
        results.add(threads.submit(() -> slopeOfSquare(factor)));
      }
      for (int i = 1; i <= 40; i++) {
        assertThat(results.get(i - 1).get()).isCloseTo(2f * i * 300 * 300, within(1e-6f));
      }
    } finally {
      threads.shutdown();
    }
  }

  private static float slopeOfSquare(float factor) {
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        GradMode on = GradMode.enableGrad()) {
      NDArray x = Autograd.leaf(manager.ones(new Shape(300, 300)).mul(factor));
      return Autograd.gradient(x.square().sum(), x).sum().getFloat();
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void residentMemoryStaysFlatOverManyGradients() throws Exception {
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        GradMode on = GradMode.enableGrad()) {
      NDArray weights = manager.ones(new Shape(64, 64));
      NDArray pixels = manager.ones(new Shape(64, 64));
      gradientSteps(300, weights, pixels);
      long before = ResidentMemory.bytes();

      gradientSteps(8_000, weights, pixels);

      // each step makes at least five arrays of 16 KB: a leak of one would be 125 MB; the Java
      // heap moves by some 30 MB
      assertThat(ResidentMemory.bytes() - before).isLessThan(96L << 20);
    }
  }

  private static void gradientSteps(int steps, NDArray weights, NDArray pixels) {
    for (int i = 0; i < steps; i++) {
      try (TensorScope scope = TensorScope.of(pixels)) {
        NDArray x = Autograd.leaf(scope.view(pixels));
        Autograd.gradient(weights.matMul(x).square().sum(), x);
      }
    }
  }
}
