package dev.fare.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import org.junit.jupiter.api.Test;

class TensorScopeTest {

  @Test
  void freesWhatWasCreatedWhoeverItsManagerIs() {
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      NDArray weights = manager.create(new float[] {1, 2});
      NDArray product;
      try (TensorScope scope = TensorScope.of(manager)) {
        product = weights.mul(scope.manager().create(2f));
      }

      assertThatThrownBy(product::toFloatArray).isInstanceOf(IllegalStateException.class);
      assertThat(weights.toFloatArray()).containsExactly(1, 2);
    }
  }

  @Test
  void whatIsKeptOutlivesEveryEnclosingScope() {
    try (NDManager owner = NDManager.newBaseManager("PyTorch")) {
      NDArray kept;
      try (TensorScope outer = TensorScope.of(owner)) {
        try (TensorScope inner = TensorScope.of(outer.manager())) {
          kept = inner.keep(inner.manager().create(new float[] {3}).mul(2), owner);
        }
      }

      assertThat(kept.toFloatArray()).containsExactly(6);
      assertThat(kept.getManager()).isSameAs(owner);
    }
  }

  @Test
  void aViewSharesItsStorageAndBelongsToTheScope() {
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      NDArray array = manager.create(new float[] {1});
      NDArray view;
      try (TensorScope scope = TensorScope.of(manager)) {
        view = scope.view(array);
        view.addi(4);
      }

      assertThat(array.toFloatArray()).containsExactly(5);
      assertThatThrownBy(view::toFloatArray).isInstanceOf(IllegalStateException.class);
    }
  }
}
