package dev.fare.examples.benchmarks;

import ai.djl.ndarray.NDManager;
import dev.fare.Precision;
import dev.fare.ThreatModel;
import dev.fare.attacks.PgdAttack;
import dev.fare.data.InMemoryImages;
import dev.fare.examples.CommandLines;
import dev.fare.image.PixelNormalization;
import dev.fare.models.ClipInitialization;
import dev.fare.models.format.ClipConfig;
import dev.fare.models.transformer.Activation;
import dev.fare.models.vision.VisionTransformer;
import dev.fare.models.vision.VitConfig;
import dev.fare.training.FareTrainer;
import dev.fare.training.StepResult;
import dev.fare.training.TrainingListener;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Whether a long run keeps its memory: resident memory over thousands of updates of a small
 * encoder, with everything that has state, against what it is after the first few hundred.
 */
@Command(
    name = "steady-memory",
    description = "Trains a small encoder for long and watches resident memory.",
    mixinStandardHelpOptions = true)
public final class SteadyMemoryBenchmark implements Callable<Integer> {

  @Option(names = "--steps", description = "updates, default ${DEFAULT-VALUE}")
  private int steps = 2_000;

  @Option(names = "--warm-up", description = "updates not judged, default ${DEFAULT-VALUE}")
  private int warmUp = 200;

  @Option(names = "--again", description = "computes activations again in backward passes")
  private boolean again;

  private long first;
  private long least = Long.MAX_VALUE;
  private long most;

  /** Runs the benchmark. */
  public static void main(String[] arguments) {
    CommandLines.run(new SteadyMemoryBenchmark(), arguments);
  }

  @Override
  public Integer call() {
    VitConfig config = new VitConfig(32, 8, 64, 3, 4, 256, 32, Activation.QUICK_GELU, 1e-5);
    ClipConfig clip = new ClipConfig(config, Optional.empty(), PixelNormalization.CLIP);
    NDManager owner = NDManager.newBaseManager("PyTorch");
    try (VisionTransformer tower =
        new VisionTransformer(
            config,
            clip.normalization(),
            ClipInitialization.random(clip, 1, owner),
            owner,
            Precision.FLOAT32)) {
      FareTrainer.Builder<?> builder =
          FareTrainer.builder(new TowerAsEncoder(tower))
              .attack(PgdAttack.builder(ThreatModel.linf(4 / 255.0)).steps(2).build())
              .steps(steps)
              .batchSize(16)
              .microBatchSize(8)
              .averageDecay(0.99)
              .listener(watch());
      if (again) {
        builder.activationCheckpointing(true);
      }
      try (FareTrainer<?> trainer = builder.build()) {
        trainer.fit(images());
      }
    }
    System.out.printf(
        Locale.ROOT,
        "resident after %d updates: %.1f MB; from there to update %d between %+.2f %% and %+.2f %%%n",
        warmUp,
        first / 1e6,
        steps,
        100.0 * (least - first) / first,
        100.0 * (most - first) / first);
    return 0;
  }

  private TrainingListener watch() {
    return new TrainingListener() {
      @Override
      public void onStep(StepResult result) {
        if (result.step() < warmUp || result.step() % 50 != 0) {
          return;
        }
        System.gc(); // so that Java's garbage is not taken for native memory
        try {
          long resident = ProcessMemory.resident();
          first = first == 0 ? resident : first;
          least = Math.min(least, resident);
          most = Math.max(most, resident);
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
    };
  }

  private static InMemoryImages images() {
    Random random = new Random(4);
    float[] pixels = new float[64 * 3 * 32 * 32];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = random.nextFloat();
    }
    return InMemoryImages.of(pixels, 32);
  }
}
