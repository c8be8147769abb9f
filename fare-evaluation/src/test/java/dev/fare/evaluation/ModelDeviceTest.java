package dev.fare.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.fare.Classifier;
import dev.fare.ImageEncoder;
import dev.fare.ThreatModel;
import dev.fare.data.InMemoryImages;
import dev.fare.evaluation.drift.EmbeddingDrift;
import dev.fare.evaluation.guard.InputGuard;
import dev.fare.evaluation.retrieval.RetrievalEvaluation;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;

/** Images go where the model is that looks at them, not where the engine puts new arrays. */
class ModelDeviceTest {

  /** libtorch's one CPU under another number, which a manager keeps. */
  private static final Device OTHER = Device.of("cpu", 0);

  private static final InMemoryImages IMAGES = Toys.greys(.1f, .2f, .6f, .8f);

  private final Set<Device> seen = ConcurrentHashMap.newKeySet();
  private final Set<Integer> numbers = ConcurrentHashMap.newKeySet();

  private void note(NDArray pixels) {
    seen.add(pixels.getDevice());
    numbers.add(pixels.getManager().getDevice().getDeviceId());
  }

  private ImageEncoder encoder() {
    return encoder(OTHER);
  }

  private ImageEncoder encoder(Device device) {
    ImageEncoder line = Toys.line(1);
    return new ImageEncoder() {
      @Override
      public NDArray embed(NDArray pixels) {
        note(pixels);
        return line.embed(pixels);
      }

      @Override
      public int embeddingSize() {
        return 2;
      }

      @Override
      public int imageSize() {
        return 1;
      }

      @Override
      public Device device() {
        return device;
      }

      @Override
      public void close() {}
    };
  }

  private Classifier classifier() {
    Classifier threshold = Toys.threshold(0.5);
    return new Classifier() {
      @Override
      public NDArray logits(NDArray pixels) {
        note(pixels);
        return threshold.logits(pixels);
      }

      @Override
      public Device device() {
        return OTHER;
      }
    };
  }

  private void everythingWasThere() {
    assertThat(seen).containsExactly(Device.cpu());
    assertThat(numbers).containsExactly(OTHER.getDeviceId());
  }

  @Test
  void aGuardIsCalibratedWhereItsEncodersAre() {
    InputGuard.calibrate(encoder(), encoder(), IMAGES, 0.5);

    everythingWasThere();
  }

  @Test
  void duplicatesAreFoundWhereTheEncoderIs() {
    PerceptualSimilarity.of(encoder()).duplicates(IMAGES, 0.9);

    everythingWasThere();
  }

  @Test
  void encodersAreEvaluatedWhereTheyAre() {
    EmbeddingDrift.builder(1, encoder())
        .encoder("line", encoder())
        .attack(Toys.brighten())
        .linf(0.1)
        .build()
        .evaluate("greys", IMAGES);
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      RetrievalEvaluation.builder(1)
          .encoder("line", encoder())
          .attack(Toys.shift("none", 0))
          .linf(0.1)
          .build()
          .evaluate(
              "greys",
              IMAGES,
              manager.create(new float[][] {{0, 1}, {1, 1}, {.3f, 1}, {.7f, 1}}),
              new int[] {0, 1, 2, 3});
    }

    everythingWasThere();
  }

  @Test
  void classifiersAreEvaluatedWhereTheyAre() {
    RobustnessEvaluation evaluation =
        RobustnessEvaluation.builder(1)
            .model("half", classifier())
            .attack(Toys.shift("full", 1))
            .linf(0.1)
            .workers(2)
            .build();

    evaluation.evaluate("greys", IMAGES);
    evaluation.gallery(IMAGES, List.of(0), "full", ThreatModel.linf(0.1));
    evaluation.transfer("greys", IMAGES, "full", ThreatModel.linf(0.1));

    everythingWasThere();
  }

  @Test
  void aGuardRefusesEncodersOnTwoDevices() {
    assertThatThrownBy(() -> InputGuard.of(encoder(), encoder(Device.gpu(7)), 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("the encoders must be on one device, got cpu() and gpu(7)");
  }
}
