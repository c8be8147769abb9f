package dev.fare.examples.benchmarks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.fare.Precision;
import dev.fare.examples.benchmarks.InterleavedTimer.Candidate;
import dev.fare.examples.benchmarks.InterleavedTimer.Timing;
import dev.fare.image.PixelNormalization;
import dev.fare.models.vision.VisionTransformer;
import dev.fare.models.vision.VitConfig;
import dev.fare.training.FareTrainer;
import java.util.List;
import java.util.Map;

/**
 * A step of the paper's training on ViT-L/14 in bfloat16, as a share of its matrix products alone.
 *
 * @param batch images; the paper has 128
 */
record LargeStepBenchmark(int batch) implements Benchmark {

  private static final double SHARE = 0.65;

  /**
   * What a step costs in pixel gradients, of two passes each: ten of them, the original's pass, and
   * a pass with a backward pass to weights and activations.
   */
  private static final double PIXEL_GRADIENTS = 10 + 0.5 + 1.5;

  @Override
  public String name() {
    return "fare-step-l14";
  }

  @Override
  public List<Measurement> run(Workbench bench) throws Exception {
    VitConfig config = bench.models().vitL14();
    try (NDManager manager = bench.manager().newSubManager();
        NDManager owner = bench.manager().newSubManager()) {
      Map<String, NDArray> weights = Workbench.weights(config, owner);
      NDArray images = Workbench.images(batch, config, manager);
      try (TowerProducts products = new TowerProducts(config, weights, true);
          VisionTransformer tower =
              new VisionTransformer(
                  config, PixelNormalization.CLIP, weights, owner, Precision.BFLOAT16);
          FareTrainer<?> trainer = FareStepBenchmark.trainer(new TowerAsEncoder(tower))) {
        List<Timing> timings =
            bench.time(
                new Candidate("matrix products of a pixel gradient", () -> products.run(images)),
                new Candidate("step", () -> trainer.step(images)));
        Timing step = timings.get(1);
        double operations = TowerProducts.operations(config, batch);
        return List.of(
            new Measurement(
                    "FARE step, ViT-L/14, batch " + batch + ", PGD-10, BFLOAT16: share of products",
                    PIXEL_GRADIENTS / step.ratio(),
                    PIXEL_GRADIENTS / step.highest(),
                    PIXEL_GRADIENTS / step.lowest(),
                    Target.shareOfAtLeast(SHARE),
                    Map.of("step, ms", step.millis()))
                .with("products, GFLOP/s", operations / timings.get(0).millis() / 1e6)
                .with("step, GFLOP/s", PIXEL_GRADIENTS * operations / step.millis() / 1e6));
      }
    }
  }
}
