package dev.fare.examples.benchmarks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.fare.examples.benchmarks.InterleavedTimer.Candidate;
import dev.fare.examples.benchmarks.InterleavedTimer.Timing;
import dev.fare.image.ImageDecoder;
import dev.fare.models.RobustClipEncoder;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** From JPEG files to embeddings, as a share of the rate of embedding ready pixels. */
final class FileServingBenchmark implements Benchmark {

  private static final int ROUNDS = 5;

  @Override
  public String name() {
    return "serving-files";
  }

  @Override
  public List<Measurement> run(Workbench bench) throws Exception {
    ExecutorService cores = Executors.newFixedThreadPool(bench.threads());
    try (NDManager manager = bench.manager().newSubManager();
        RobustClipEncoder encoder =
            RobustClipEncoder.load(bench.vitB32(), bench.manager().getDevice())) {
      List<Path> files = bench.photographs();
      ImageDecoder decoder = ImageDecoder.standard();
      NDArray pixels = Workbench.images(files.size(), bench.models().vitB32(), manager);
      List<Timing> timings =
          bench
              .timer(ROUNDS)
              .run(
                  List.of(
                      new Candidate("ready pixels", () -> ServingBenchmark.embed(encoder, pixels)),
                      new Candidate(
                          "JPEG files", () -> encoder.embed(files, decoder::decode, cores))));
      return List.of(
          Measurement.speedOf(
                  "serving, ViT-B/32, from JPEG files: share of the rate of ready pixels",
                  timings.get(0),
                  timings.get(1),
                  Target.shareOfAtLeast(0.9))
              .with("files", files.size())
              .with("from files, images/s", files.size() * 1e3 / timings.get(1).millis()));
    } finally {
      cores.shutdown();
    }
  }
}
