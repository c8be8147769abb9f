package dev.fare.torch;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.fare.Classifier;
import dev.fare.Cosine;
import dev.fare.ThreatModel;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is read of an array on a GPU is copied to the host; the copy is nobody's afterwards. */
class HostReadTest {

  private final NDManager manager = NDManager.newBaseManager("PyTorch");

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void aReadLeavesNothing() {
    NDArray rows = manager.create(new float[] {1, 2, 3, 4}, new Shape(2, 2));
    NDArray floats = ClaimedDevice.gpu(rows);
    NDArray longs = ClaimedDevice.gpu(rows.toType(DataType.INT64, true));
    NDArray booleans = ClaimedDevice.gpu(rows.gt(2));
    NDArray pixels = ClaimedDevice.gpu(manager.zeros(new Shape(1, 3, 2, 2)));

    assertThat(Host.floats(floats)).containsExactly(1, 2, 3, 4);
    assertThat(Host.longs(longs)).containsExactly(1, 2, 3, 4);
    assertThat(Host.booleans(booleans)).containsExactly(false, false, true, true);
    for (Consumer<NDManager> read :
        List.<Consumer<NDManager>>of(
            any -> Host.floats(floats),
            any -> Host.longs(longs),
            any -> Host.booleans(booleans),
            any -> Host.doubles(floats, longs),
            any -> Classifier.decisions(floats),
            any -> ThreatModel.checkPixels(pixels))) {
      int before = manager.getManagedArrays().size();
      read.accept(manager);
      assertThat(manager.getManagedArrays()).hasSize(before);
    }
  }

  @Test
  void aComputationLeavesItsResultAlone() {
    NDArray rows = manager.create(new float[] {3, 4, 6, 8}, new Shape(2, 2));
    int before = manager.getManagedArrays().size();

    NDArray unit = Cosine.normalize(rows);
    NDArray cosines = Cosine.between(rows, unit);

    assertThat(Host.floats(cosines)).containsExactly(1, 1);
    assertThat(manager.getManagedArrays()).hasSize(before + 2);
  }
}
