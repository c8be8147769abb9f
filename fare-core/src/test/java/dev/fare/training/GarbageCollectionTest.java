package dev.fare.training;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.torch.Autograd;
import dev.fare.torch.GradMode;
import dev.fare.training.loss.EmbeddingLoss;
import dev.fare.training.loss.LossInputs;
import dev.fare.training.loss.Targets;
import dev.fare.training.loss.TokenEncoder;
import dev.fare.training.loss.TrainingLoss;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * A backward pass reads what its forward pass left; the garbage collector may run in between. DJL's
 * products with a number lose it then, so that a loss must not use them.
 */
class GarbageCollectionTest {

  private static final int SIDE = TanhEncoder.SIDE;

  private final TanhEncoder encoder = TanhEncoder.seeded(1);
  private final TanhEncoder original = TanhEncoder.seeded(2);
  private final NDManager manager = NDManager.newBaseManager("PyTorch");

  @AfterEach
  void close() {
    manager.close();
    encoder.close();
    original.close();
  }

  /** Frees direct buffers that nobody holds and writes over their memory. */
  private static void collect() {
    for (int round = 0; round < 3; round++) {
      System.gc();
      for (int i = 0; i < 1_000; i++) {
        ByteBuffer other = ByteBuffer.allocateDirect(8 << (i % 6));
        while (other.hasRemaining()) {
          other.put((byte) 0x3f);
        }
      }
    }
  }

  @Test
  void aFactorAndABoundLastUntilTheBackwardPass() {
    try (GradMode on = GradMode.enableGrad()) {
      List<NDArray> inputs = new ArrayList<>();
      List<NDArray> losses = new ArrayList<>();
      for (int i = 0; i < 50; i++) {
        NDArray x = Autograd.leaf(manager.ones(new Shape(3)));
        inputs.add(x);
        losses.add(Autograd.clampMin(Autograd.scaled(x, 3), 2.5).sum());
      }
      collect();

      for (int i = 0; i < inputs.size(); i++) {
        assertThat(Autograd.gradient(losses.get(i), inputs.get(i)).toFloatArray())
            .containsExactly(3, 3, 3);
      }
    }
  }

  @Test
  void noLossLosesWhatItsGradientNeeds() {
    NDArray classes = manager.randomNormal(new Shape(4, TanhEncoder.DIMENSIONS));
    Map<String, TrainingLoss> losses = new LinkedHashMap<>();
    losses.put("FARE", TrainingLoss.fare());
    losses.put("cosine", TrainingLoss.of(EmbeddingLoss.cosineDistance()));
    losses.put("l1", TrainingLoss.of(EmbeddingLoss.absoluteDistance()));
    losses.put("TeCoA", TrainingLoss.tecoa(classes));
    losses.put("TRADES", TrainingLoss.trades(EmbeddingLoss.squaredDistance()));
    losses.put("Sim-CLIP", TrainingLoss.simClip());
    losses.put("clean", TrainingLoss.fare().withClean(EmbeddingLoss.cosineDistance(), 0.3));
    losses.put("tokens", TrainingLoss.fare().withTokens(EmbeddingLoss.squaredDistance(), 0.3));
    losses.forEach(
        (name, loss) -> assertThat(gradient(loss, true)).as(name).isEqualTo(gradient(loss, false)));
  }

  private List<List<Float>> gradient(TrainingLoss loss, boolean collects) {
    List<NDArray> weights = List.copyOf(encoder.parameters().values());
    NDArray clean = manager.full(new Shape(2, 3, SIDE, SIDE), 0.4f);
    NDArray adversarial = clean.add(0.1);
    NDArray labels = manager.create(new long[] {1, 3});
    TokenEncoder.EmbeddedTokens both = original.embedWithTokens(clean);
    Targets targets = Targets.of(both.embedding(), labels).withTokens(both.tokens());
    weights.forEach(weight -> weight.setRequiresGradient(true));
    try (GradMode on = GradMode.enableGrad()) {
      NDArray sum = loss.losses(new LossInputs(encoder, clean, adversarial, targets)).sum();
      if (collects) {
        collect();
      }
      try (NDList gradients = Autograd.gradients(sum, weights)) {
        return gradients.stream().map(GarbageCollectionTest::values).toList();
      }
    } finally {
      weights.forEach(weight -> weight.setRequiresGradient(false));
    }
  }

  private static List<Float> values(NDArray array) {
    List<Float> values = new ArrayList<>();
    for (float value : array.toFloatArray()) {
      values.add(value);
    }
    return values;
  }

  @Test
  void aRunIsTheSameWhileGarbageIsCollected() throws InterruptedException {
    float[][] undisturbed = Runs.undisturbed();
    Thread collector =
        new Thread(
            () -> {
              while (!Thread.interrupted()) {
                collect();
              }
            });
    collector.setDaemon(true);
    collector.start();
    try {
      for (int i = 0; i < 10; i++) {
        assertThat(Arrays.deepToString(Runs.undisturbed()))
            .isEqualTo(Arrays.deepToString(undisturbed));
      }
    } finally {
      collector.interrupt();
      collector.join();
    }
  }
}
