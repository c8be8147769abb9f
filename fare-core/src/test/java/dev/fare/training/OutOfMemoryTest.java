package dev.fare.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.torch.MicroBatch;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A device that runs out of memory in the midst of a step. */
class OutOfMemoryTest {

  private final NDManager manager = NDManager.newBaseManager("PyTorch");
  private final TanhEncoder encoder = TanhEncoder.seeded(1);
  private final TanhEncoder follower = TanhEncoder.seeded(7);
  private final TanhEncoder plain = TanhEncoder.seeded(1);

  @AfterEach
  void close() {
    List.of(encoder, follower, plain).forEach(TanhEncoder::close);
    manager.close();
  }

  private static FareTrainer.Builder<?> builder(TrainableEncoder trained) {
    return Runs.builder(trained).batchSize(8).microBatchSize(8);
  }

  private NDArray pixels() {
    float[] values = new float[8 * 48];
    for (int i = 0; i < values.length; i++) {
      values[i] = (i * 37 % 101) / 100f;
    }
    return manager.create(values, new Shape(8, 3, TanhEncoder.SIDE, TanhEncoder.SIDE));
  }

  /** Two parts of three have been gathered when the third fails. */
  @Test
  void startsTheStepAnewWhenALaterPartFails() {
    WrappedEncoder little = new WrappedEncoder(encoder).outOfMemoryAfter(2);
    try (FareTrainer<?> enough = builder(plain).microBatchSize(3).build();
        FareTrainer<?> trainer = builder(little).microBatchSize(3).build()) {
      StepResult expected = enough.step(pixels());
      StepResult actual = trainer.step(pixels());

      assertThat(actual.loss()).isCloseTo(expected.loss(), within(1e-6));
      assertThat(actual.adversarialCosine()).isCloseTo(expected.adversarialCosine(), within(1e-6));
      assertThat(actual.gradientNorm()).isCloseTo(expected.gradientNorm(), within(1e-5));
      assertThat(encoder.values()).containsExactly(plain.values(), within(1e-5f));
      assertThat(trainer.fit(Runs.IMAGES).warnings())
          .containsExactly("out of memory with 3 images at a time: from step 1 on there are 2");
    }
  }

  @Test
  void makesTheSameUpdateWhenAReplicaFails() {
    WrappedEncoder replica = new WrappedEncoder(follower).outOfMemoryAfter(1);
    try (FareTrainer<?> enough = builder(plain).build();
        FareTrainer<?> trainer = builder(encoder).replicas(List.of(replica)).build()) {
      for (int i = 0; i < 2; i++) {
        StepResult expected = enough.step(pixels());
        StepResult actual = trainer.step(pixels());

        assertThat(actual.loss()).isCloseTo(expected.loss(), within(1e-5));
        assertThat(encoder.values()).containsExactly(plain.values(), within(1e-4f));
        assertThat(follower.values()).containsExactly(encoder.values());
      }
      // each of the two devices has had 4 of the batch's 8 images
      assertThat(trainer.fit(Runs.IMAGES).warnings())
          .containsExactly("out of memory with 4 images at a time: from step 2 on there are 2");
    }
  }

  @Test
  void freesOnEveryDeviceWhatTheFailedAttemptHadGathered() {
    WrappedEncoder replica = new WrappedEncoder(follower).outOfMemoryAfter(0);
    FareTrainer.Builder<?> asked = builder(encoder).metricsEvery(0);
    MicroBatch microBatch =
        new MicroBatch(TrainingSettings.of(asked).microBatchSize(), warning -> {});
    StepPlan plan = asked.plan();
    try (NDManager owner = manager.newSubManager();
        GradientSource gradients =
            new GradientSource(
                plan.stepFor(encoder, plain),
                List.of(plan.stepFor(replica, plain)),
                asked,
                microBatch)) {
      BatchGradient found = gradients.compute(pixels(), null, null, 0, owner, new StepClock());

      assertThat(microBatch.images()).isEqualTo(2);
      found.read(); // the metrics, which are on the devices until then
      assertThat(owner.getManagedArrays()).hasSameSizeAs(found.gradients());
    }
  }
}
