package dev.fare.examples.benchmarks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.fare.examples.benchmarks.InterleavedTimer.Candidate;
import dev.fare.examples.benchmarks.InterleavedTimer.Timing;
import dev.fare.image.PixelNormalization;
import dev.fare.models.RobustClipEncoder;
import dev.fare.torch.GradMode;
import dev.fare.torch.TensorScope;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Embedding pixels, against ONNX Runtime on the same encoder; which is given its pixels normalised,
 * while ours normalises and checks them.
 */
final class ServingBenchmark implements Benchmark {

  private static final double TOLERANCE = 1e-3;

  /** Calls in a turn, of all images together. */
  private static final int IMAGES_A_TURN = 32;

  @Override
  public String name() {
    return "serving";
  }

  @Override
  public List<Measurement> run(Workbench bench) throws Exception {
    try (RobustClipEncoder encoder = load(bench, true);
        RobustClipEncoder plain = load(bench, false);
        OnnxEncoder onnx =
            OnnxEncoder.of(encoder, bench.folder().resolve("vision.onnx"), bench.threads())) {
      List<Measurement> rows = new ArrayList<>();
      rows.add(measure(bench, encoder, plain, onnx, 1, Target.timesAtLeast(1.0)));
      rows.add(measure(bench, encoder, plain, onnx, 16, Target.timesAtLeast(1.1)));
      return rows;
    }
  }

  private static RobustClipEncoder load(Workbench bench, boolean lowLatency) throws IOException {
    return RobustClipEncoder.builder(bench.vitB32())
        .device(bench.manager().getDevice())
        .lowLatency(lowLatency)
        .load();
  }

  private static Measurement measure(
      Workbench bench,
      RobustClipEncoder encoder,
      RobustClipEncoder plain,
      OnnxEncoder onnx,
      int batch,
      Target target)
      throws Exception {
    try (NDManager manager = bench.manager().newSubManager()) {
      NDArray images = Workbench.images(batch, bench.models().vitB32(), manager);
      FloatBuffer normalized = OnnxEncoder.direct(normalize(images, manager).toFloatArray());
      long[] shape = images.getShape().getShape();
      checkSame(embed(encoder, images), onnx.embed(normalized, shape));
      int calls = IMAGES_A_TURN / batch;
      List<Timing> timings =
          bench.time(
              new Candidate(
                  "ONNX Runtime",
                  () -> {
                    for (int i = 0; i < calls; i++) {
                      onnx.embed(normalized, shape);
                    }
                  }),
              new Candidate("embed", () -> embed(encoder, images, calls)),
              new Candidate("embed without lowLatency", () -> embed(plain, images, calls)));
      String row = "serving, ViT-B/32, batch " + batch + ", FLOAT32: against ONNX Runtime";
      return Measurement.speedOf(row, timings.get(0), timings.get(1), target)
          .with("ONNX Runtime, images/s", calls * batch * 1e3 / timings.get(0).millis())
          .with("embed, images/s", calls * batch * 1e3 / timings.get(1).millis())
          .with(
              "embed without lowLatency, images/s", calls * batch * 1e3 / timings.get(2).millis());
    }
  }

  private static NDArray normalize(NDArray images, NDManager manager) {
    NDArray mean = PlainTower.perChannel(manager, PixelNormalization.CLIP.mean());
    NDArray std = PlainTower.perChannel(manager, PixelNormalization.CLIP.std());
    return images.sub(mean).div(std);
  }

  private static void embed(RobustClipEncoder encoder, NDArray images, int calls) {
    for (int i = 0; i < calls; i++) {
      embed(encoder, images);
    }
  }

  static float[] embed(RobustClipEncoder encoder, NDArray images) {
    try (TensorScope scope = TensorScope.of(images);
        GradMode off = GradMode.noGrad()) {
      return encoder.embed(scope.view(images)).toFloatArray();
    }
  }

  private static void checkSame(float[] ours, float[] theirs) {
    for (int i = 0; i < ours.length; i++) {
      if (!(Math.abs(ours[i] - theirs[i]) < TOLERANCE)) {
        throw new IllegalStateException(
            "the two compute different embeddings: " + ours[i] + " and " + theirs[i]);
      }
    }
  }
}
