package dev.fare.examples.benchmarks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.fare.ImageEncoder;
import dev.fare.Precision;
import dev.fare.examples.benchmarks.InterleavedTimer.Candidate;
import dev.fare.examples.benchmarks.InterleavedTimer.Timing;
import dev.fare.examples.benchmarks.Workbench.Models;
import dev.fare.models.vision.VitConfig;
import dev.fare.torch.Autograd;
import dev.fare.torch.GradMode;
import dev.fare.torch.TensorScope;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Forward and backward to the pixels, what an attack's iteration costs, as a share of the matrix
 * products alone.
 *
 * @param name on the command line
 * @param title of the model in the table
 * @param model picks it
 */
record PixelGradientBenchmark(
    String name, String title, Function<Models, VitConfig> model, int batch) implements Benchmark {

  private static final double FLOAT32_SHARE = 0.92;
  private static final double BFLOAT16_SHARE = 0.85;

  @Override
  public List<Measurement> run(Workbench bench) throws Exception {
    List<Measurement> rows = new ArrayList<>();
    VitConfig config = model.apply(bench.models());
    try (NDManager manager = bench.manager().newSubManager()) {
      Map<String, NDArray> weights = Workbench.weights(config, manager);
      NDArray images = Workbench.images(batch, config, manager);
      for (Precision precision : List.of(Precision.FLOAT32, Precision.BFLOAT16)) {
        rows.add(measure(bench, config, weights, images, precision));
      }
    }
    return rows;
  }

  private Measurement measure(
      Workbench bench,
      VitConfig config,
      Map<String, NDArray> weights,
      NDArray images,
      Precision precision)
      throws Exception {
    boolean isBfloat16 = precision == Precision.BFLOAT16;
    try (TowerProducts products = new TowerProducts(config, weights, isBfloat16);
        ImageEncoder ours = TowerAsEncoder.of(config, weights, precision)) {
      List<Timing> timings =
          bench.time(
              new Candidate("matrix products", () -> products.run(images)),
              new Candidate("pixel gradient", () -> differentiate(ours, images)));
      Target target = Target.shareOfAtLeast(isBfloat16 ? BFLOAT16_SHARE : FLOAT32_SHARE);
      String row =
          "pixel gradient, "
              + title
              + ", batch "
              + batch
              + ", "
              + precision
              + ": share of products";
      double operations = TowerProducts.operations(config, batch);
      return Measurement.speedOf(row, timings.get(0), timings.get(1), target)
          .with("products, GFLOP/s", operations / timings.get(0).millis() / 1e6)
          .with("pixel gradient, GFLOP/s", operations / timings.get(1).millis() / 1e6);
    }
  }

  /** A pixel gradient as an attack asks for it. */
  static void differentiate(ImageEncoder encoder, NDArray images) {
    try (TensorScope scope = TensorScope.of(images);
        GradMode on = GradMode.enableGrad()) {
      NDArray pixels = Autograd.leaf(images);
      pixels.attach(scope.manager());
      NDArray loss = encoder.embed(pixels).square().sum();
      Autograd.gradient(loss, pixels).sum().getFloat();
    }
  }
}
