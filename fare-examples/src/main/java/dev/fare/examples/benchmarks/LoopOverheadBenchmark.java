package dev.fare.examples.benchmarks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.fare.ImageEncoder;
import dev.fare.ThreatModel;
import dev.fare.attacks.ApgdAttack;
import dev.fare.attacks.Objectives;
import dev.fare.examples.benchmarks.InterleavedTimer.Candidate;
import dev.fare.examples.benchmarks.InterleavedTimer.Timing;
import dev.fare.models.RobustClipEncoder;
import dev.fare.torch.Autograd;
import dev.fare.torch.GradMode;
import dev.fare.torch.TensorScope;
import dev.fare.training.FareTrainer;
import dev.fare.training.optimizer.Optimizer;
import dev.fare.training.optimizer.UpdateRule;
import java.util.List;

/** What training and APGD cost beside forward, backward and optimizer, made bare. */
final class LoopOverheadBenchmark implements Benchmark {

  private static final int BATCH = 4;
  private static final int ITERATIONS = 10;
  private static final Target TARGET = Target.shareOfAtMost(0.03);

  @Override
  public String name() {
    return "loop-overhead";
  }

  @Override
  public List<Measurement> run(Workbench bench) throws Exception {
    try (NDManager manager = bench.manager().newSubManager();
        RobustClipEncoder encoder =
            RobustClipEncoder.load(bench.vitB32(), bench.manager().getDevice())) {
      NDArray images = Workbench.images(BATCH, bench.models().vitB32(), manager);
      return List.of(training(bench, encoder, images), apgd(bench, encoder, images));
    }
  }

  private static Measurement training(Workbench bench, RobustClipEncoder encoder, NDArray images)
      throws Exception {
    List<NDArray> weights = List.copyOf(encoder.parameters().values());
    try (FareTrainer<?> trainer = FareStepBenchmark.trainer(encoder);
        RobustClipEncoder original = encoder.copy();
        UpdateRule adamW = Optimizer.adamW().on(encoder.parameters(), 1e-4)) {
      List<Timing> timings =
          bench.time(
              new Candidate(
                  "bare passes and AdamW",
                  () -> {
                    NDArray reference = embed(original, images);
                    repeatGradients(encoder, images);
                    train(encoder, images, reference, weights, adamW);
                    reference.close();
                  }),
              new Candidate("step", () -> trainer.step(images)));
      return overhead("loop overhead in training, ViT-B/32, batch 4, PGD-10", timings);
    }
  }

  private static Measurement apgd(Workbench bench, RobustClipEncoder encoder, NDArray images)
      throws Exception {
    ApgdAttack attack = ApgdAttack.builder(ThreatModel.linf(4 / 255.0)).steps(ITERATIONS).build();
    List<Timing> timings =
        bench.time(
            new Candidate(
                "bare passes",
                () -> {
                  repeatGradients(encoder, images);
                  embed(encoder, images).close(); // the reference
                  embed(encoder, images).close(); // the last image
                }),
            new Candidate(
                "APGD",
                () -> {
                  try (TensorScope scope = TensorScope.of(images)) {
                    NDArray x = scope.view(images);
                    attack.perturb(Objectives.embeddingShift(encoder, x), x).close();
                  }
                }));
    return overhead("loop overhead in APGD-10, ViT-B/32, batch 4", timings);
  }

  private static Measurement overhead(String row, List<Timing> timings) {
    Timing all = timings.get(1);
    Measurement times = Measurement.speedOf(row, timings.get(0), all, TARGET);
    return new Measurement(
        row + ": share of the whole",
        1 - 1 / all.ratio(),
        1 - 1 / all.lowest(),
        1 - 1 / all.highest(),
        TARGET,
        times.details());
  }

  private static NDArray embed(ImageEncoder encoder, NDArray images) {
    try (TensorScope scope = TensorScope.of(images);
        GradMode off = GradMode.noGrad()) {
      return scope.keep(encoder.embed(scope.view(images)), images.getManager());
    }
  }

  private static void repeatGradients(ImageEncoder encoder, NDArray images) {
    for (int i = 0; i < ITERATIONS; i++) {
      PixelGradientBenchmark.differentiate(encoder, images);
    }
  }

  private static void train(
      RobustClipEncoder encoder,
      NDArray images,
      NDArray reference,
      List<NDArray> weights,
      UpdateRule adamW) {
    weights.forEach(weight -> weight.setRequiresGradient(true));
    try (TensorScope scope = TensorScope.of(images);
        GradMode on = GradMode.enableGrad()) {
      NDArray shift = encoder.embed(scope.view(images)).sub(reference);
      NDList gradients = Autograd.gradients(shift.square().sum().div(BATCH), weights);
      weights.forEach(weight -> weight.setRequiresGradient(false));
      adamW.step(gradients, 1e-5);
    }
  }
}
