package dev.fare.examples.benchmarks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.fare.Precision;
import dev.fare.ThreatModel;
import dev.fare.attacks.PgdAttack;
import dev.fare.examples.benchmarks.InterleavedTimer.Candidate;
import dev.fare.examples.benchmarks.InterleavedTimer.Timing;
import dev.fare.models.RobustClipEncoder;
import dev.fare.models.vision.VitConfig;
import dev.fare.training.FareTrainer;
import dev.fare.training.TrainableEncoder;
import java.util.List;

/** A whole step of FARE against the original code's on the same libtorch. */
final class FareStepBenchmark implements Benchmark {

  private static final int BATCH = 16;
  private static final int ROUNDS = 3;

  @Override
  public String name() {
    return "fare-step";
  }

  @Override
  public List<Measurement> run(Workbench bench) throws Exception {
    VitConfig config = bench.models().vitB32();
    try (NDManager manager = bench.manager().newSubManager();
        OriginalStep original = new OriginalStep(config, Workbench.weights(config, manager));
        RobustClipEncoder exact =
            RobustClipEncoder.load(bench.vitB32(), bench.manager().getDevice());
        FareTrainer<?> exactTrainer = trainer(exact);
        RobustClipEncoder rounded =
            RobustClipEncoder.load(
                bench.vitB32(), bench.manager().getDevice(), Precision.BFLOAT16);
        FareTrainer<?> roundedTrainer = trainer(rounded)) {
      NDArray images = Workbench.images(BATCH, config, manager);
      List<Timing> timings =
          bench
              .timer(ROUNDS)
              .run(
                  List.of(
                      new Candidate("the original's step", () -> original.run(images)),
                      new Candidate("FLOAT32 step", () -> exactTrainer.step(images)),
                      new Candidate("BFLOAT16 step", () -> roundedTrainer.step(images))));
      return List.of(
          row(timings, 1, "FLOAT32", Target.timesAtLeast(1.25)),
          row(timings, 2, "BFLOAT16", Target.timesAtLeast(2.5)));
    }
  }

  private static Measurement row(List<Timing> timings, int index, String precision, Target target) {
    String row = "FARE step, ViT-B/32, batch 16, PGD-10, " + precision + ": against the original's";
    return Measurement.speedOf(row, timings.get(0), timings.get(index), target);
  }

  /** The paper's recipe. */
  static FareTrainer<?> trainer(TrainableEncoder encoder) {
    return FareTrainer.builder(encoder)
        .attack(PgdAttack.builder(ThreatModel.linf(4 / 255.0)).stepSize(1 / 255.0).build())
        .learningRate(1e-5)
        .weightDecay(1e-4)
        .batchSize(BATCH)
        .steps(1_000)
        .build();
  }
}
