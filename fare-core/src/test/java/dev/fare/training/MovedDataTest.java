package dev.fare.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MovedDataTest {

  @TempDir private Path directory;

  /** A job that is queued again stages its data elsewhere. */
  @Test
  void aRunGoesOnWithTheSameDataInAnotherPlace() {
    float[][] undisturbed = Runs.undisturbed();

    train("/scratch/17", 4);
    TrainingSummary summary = train("/scratch/18", Runs.STEPS);

    assertThat(summary.firstStep()).isEqualTo(4);
    assertThat(summary.data()).isEqualTo("ten images in /scratch/18");
    try (TanhEncoder encoder = TanhEncoder.seeded(1);
        FareTrainer<?> trainer = Runs.builder(encoder, directory).build()) {
      assertThat(Runs.results(encoder, trainer)).isDeepEqualTo(undisturbed);
      assertThatThrownBy(() -> trainer.fit(Runs.IMAGES))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageStartingWith("the run began on other data: ten images, now InMemoryImages[10");
    }
  }

  private TrainingSummary train(String folder, long until) {
    FareTrainer<?>[] trainer = new FareTrainer<?>[1];
    try (TanhEncoder encoder = TanhEncoder.seeded(1)) {
      trainer[0] =
          Runs.builder(encoder, directory).listener(new Runs.CancelAfter(until, trainer)).build();
      TrainingSummary summary = trainer[0].fit(new Moved(folder));
      trainer[0].close();
      return summary;
    }
  }
}
