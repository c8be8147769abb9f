package dev.fare.models.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TokenRowsTest {

  private final NDManager manager = NDManager.newBaseManager("PyTorch");
  private final NDArray ids = manager.create(new long[][] {{62, 5, 63, 99}, {62, 5, 6, 63}});
  private final NDArray mask = manager.create(new long[][] {{1, 1, 1, 0}, {1, 1, 1, 1}});

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void paddingBecomesZero() {
    long[][] expected = {{62, 5, 63, 0}, {62, 5, 6, 63}};

    assertThat(TokenRows.of(ids, mask).within(77)).isDeepEqualTo(expected);
    NDArray ints = ids.toType(DataType.INT32, false);
    assertThat(TokenRows.of(ints, mask).within(77)).isDeepEqualTo(expected);
  }

  @Test
  void aTextBeyondTheContextKeepsItsEndToken() {
    assertThat(TokenRows.of(ids, mask).within(3))
        .isDeepEqualTo(new long[][] {{62, 5, 63}, {62, 5, 63}});
    assertThat(TokenRows.of(ids, null).within(2)).isDeepEqualTo(new long[][] {{62, 99}, {62, 63}});
  }

  @Test
  void refusesAMaskOfAnotherShape() {
    assertThatThrownBy(() -> TokenRows.of(ids, mask.get(0)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("(2, 4) and (4)");
  }
}
