package dev.fare.models.format;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.fare.io.LazyTensor;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;

/** What tests of checkpoints share. */
public final class TensorAssertions {

  private TensorAssertions() {}

  /** The same names, shapes and bits. */
  public static void assertSameBits(
      NDManager manager, Map<String, LazyTensor> expected, Map<String, LazyTensor> actual)
      throws IOException {
    assertThat(actual).containsOnlyKeys(expected.keySet());
    for (Map.Entry<String, LazyTensor> entry : expected.entrySet()) {
      LazyTensor tensor = Resources.get(actual, entry.getKey());
      assertThat(tensor.shape()).as(entry.getKey()).isEqualTo(entry.getValue().shape());
      assertThat(tensor.read(manager).toByteArray())
          .as(entry.getKey())
          .isEqualTo(entry.getValue().read(manager).toByteArray());
    }
  }

  public static Map<String, NDArray> readAll(NDManager manager, Map<String, LazyTensor> tensors)
      throws IOException {
    Map<String, NDArray> arrays = new LinkedHashMap<>();
    for (Map.Entry<String, LazyTensor> entry : tensors.entrySet()) {
      arrays.put(entry.getKey(), entry.getValue().read(manager));
    }
    return arrays;
  }

  public static Map<String, NDArray> random(NDManager manager, ClipConfig config) {
    Map<String, NDArray> arrays = new LinkedHashMap<>();
    config.tensors().forEach((name, shape) -> arrays.put(name, manager.randomNormal(shape)));
    return arrays;
  }
}
