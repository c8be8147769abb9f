package dev.fare.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDArray;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A function whose gradient is declared as ten times what it is, so that its use is seen. */
class CustomGradientTest {

  private static final int DECLARED = 10;

  private final NDManager manager = NDManager.newBaseManager("PyTorch");
  private final NDArray x = Autograd.leaf(manager.create(new float[] {1, 2, 3}));
  private final NDArray w = Autograd.leaf(manager.create(new float[] {4, 5, 6}));
  private final GradMode mode = GradMode.enableGrad();

  @AfterEach
  void close() {
    mode.close();
    manager.close();
  }

  /** a b, element by element. */
  private static NDArray product(NDArray a, NDArray b) {
    NDList value;
    try (GradMode off = GradMode.noGrad()) {
      value = new NDList(a.mul(b));
    }
    return CustomGradient.record(
            value,
            List.of(a, b),
            (of, found) -> {
              found.add(0, of.get(0).mul(b.stopGradient()).mul(DECLARED));
              found.add(1, of.get(0).mul(a.stopGradient()).mul(DECLARED));
            })
        .singletonOrThrow();
  }

  @Test
  void theDeclaredBackwardPassIsUsedForEveryInput() {
    NDArray loss = product(x, w).square().sum(); // d/dx = 2 x w^2

    NDList gradients = Autograd.gradients(loss, List.of(x, w));

    assertThat(gradients.get(0).toFloatArray()).containsExactly(320, 1000, 2160);
    assertThat(gradients.get(1).toFloatArray()).containsExactly(80, 400, 1080);
  }

  @Test
  void gradientsFlowThroughWhatStandsBeforeBehindAndBesideIt() {
    // 2x goes into the function, and x also reaches the loss by another way
    NDArray loss = product(Autograd.scaled(x, 2), w).sum().add(Autograd.scaled(x, 7).sum());

    NDArray gradient = Autograd.gradient(loss, x);

    assertThat(gradient.toFloatArray()).containsExactly(87, 107, 127); // 2 * 10 w + 7
  }

  @Test
  void oneMayFollowAnother() {
    NDArray inner = product(x, w);
    NDArray loss = product(inner, inner).sum(); // 10 * 2 (x w) * 10 w

    NDArray gradient = Autograd.gradient(loss, x);

    assertThat(gradient.toFloatArray()).containsExactly(3200, 10000, 21600);
  }

  @Test
  void whatTheLossDoesNotDependOnIsLeftAlone() {
    NDArray other = product(x, w);
    NDArray loss = product(x, x).sum();

    assertThat(Autograd.gradient(loss, x).toFloatArray()).containsExactly(20, 40, 60);
    assertThat(Autograd.gradient(other.sum(), w).toFloatArray()).containsExactly(10, 20, 30);
  }

  @Test
  void itIsForgottenWithItsScope() {
    try (TensorScope scope = TensorScope.of(manager)) {
      product(scope.view(x.stopGradient()), w);
      assertThat(CustomGradient.isAnyRecorded()).isTrue();
    }
    assertThat(CustomGradient.isAnyRecorded()).isFalse();
  }

  @Test
  void aLossThatDoesNotDependOnTheInputIsAnError() {
    NDArray loss = product(x, x).sum();

    assertThatThrownBy(() -> Autograd.gradient(loss, w))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageStartingWith("the loss is not connected to the input");
  }

  @Test
  void partsOfAGradientAreAddedUp() {
    NDArray value =
        CustomGradient.record(
                new NDList(x.stopGradient()),
                List.of(x, w),
                (of, found) -> {
                  found.add(0, of.get(0).mul(2));
                  found.add(1, manager.create(new float[0]));
                  found.add(0, of.get(0).mul(3));
                })
            .singletonOrThrow();

    NDList gradients = Autograd.gradients(value.sum(), List.of(x, w));

    assertThat(gradients.get(0).toFloatArray()).containsExactly(5, 5, 5);
    assertThat(gradients.get(1).toFloatArray()).containsExactly(0, 0, 0);
  }

  @Test
  void whatIsAskedForTwiceIsGivenTwice() {
    NDList gradients = Autograd.gradients(product(x, w).sum(), List.of(x, x));

    assertThat(gradients.get(0).toFloatArray()).containsExactly(40, 50, 60);
    assertThat(gradients.get(1).toFloatArray()).containsExactly(40, 50, 60);
  }

  @Test
  void gradientsAreAddedToSumsOfTheCaller() {
    NDArray ofX = manager.create(new float[] {1, 1, 1});
    NDArray ofW = manager.create(new float[] {2, 2, 2});

    Autograd.addGradients(
        product(x, w).sum().add(Autograd.scaled(x, 7).sum()), List.of(x, w), List.of(ofX, ofW));
    Autograd.addGradients(x.mul(w).sum(), List.of(x, w), List.of(ofX, ofW));

    assertThat(ofX.toFloatArray()).containsExactly(1 + 47 + 4, 1 + 57 + 5, 1 + 67 + 6);
    assertThat(ofW.toFloatArray()).containsExactly(2 + 10 + 1, 2 + 20 + 2, 2 + 30 + 3);
  }

  @Test
  void aGradientIsFreedWhenItIsAdded() {
    List<NDArray> given = new ArrayList<>();
    NDArray value =
        CustomGradient.record(
                new NDList(x.stopGradient()),
                List.of(x),
                (of, found) -> {
                  given.add(of.get(0).mul(2));
                  found.add(0, given.get(0));
                  given.add(of.get(0).mul(3));
                  found.add(0, given.get(1));
                })
            .singletonOrThrow();

    NDArray gradient = Autograd.gradient(value.sum(), x);

    assertThat(gradient.toFloatArray()).containsExactly(5, 5, 5);
    assertThat(((PtNDArray) given.get(1)).isReleased()).isTrue();
  }
}
