package dev.fare.examples.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The time from starting a JVM to its first embedding, against reading the model file and one
 * forward pass in the same process, when it is warm.
 */
final class ColdStartBenchmark implements Benchmark {

  private static final int STARTS = 5;

  @Override
  public String name() {
    return "cold-start";
  }

  @Override
  public List<Measurement> run(Workbench bench) throws Exception {
    Path model = bench.vitB32();
    start(bench, model); // brings the files into the page cache
    List<Map<String, Double>> starts = new ArrayList<>();
    for (int i = 0; i < Math.min(STARTS, bench.timer(STARTS).rounds()); i++) {
      starts.add(start(bench, model));
    }
    Map<String, Double> details = new LinkedHashMap<>();
    for (String name : starts.get(0).keySet()) {
      details.put(name, sorted(starts, name)[starts.size() / 2]);
    }
    Target target = Target.timesAtMost(2);
    List<Measurement> rows = new ArrayList<>();
    for (String name : List.of("process", "library")) {
      double[] ratios = sorted(starts, "ratio of " + name);
      String from = name.equals("process") ? "the JVM's start" : "the engine being there";
      rows.add(
          new Measurement(
              "first embedding, ViT-B/32, from " + from + ": times reading and a forward",
              ratios[ratios.length / 2],
              ratios[0],
              ratios[ratios.length - 1],
              target,
              details));
    }
    return rows;
  }

  private static double[] sorted(List<Map<String, Double>> starts, String name) {
    return starts.stream().mapToDouble(start -> start.getOrDefault(name, 0.0)).sorted().toArray();
  }

  /** Milliseconds by name. */
  private static Map<String, Double> start(Workbench bench, Path model)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-Dai.djl.offline=true");
    command.add("-Dai.djl.pytorch.num_threads=" + bench.threads());
    command.add("-Dorg.slf4j.simpleLogger.defaultLogLevel=error");
    command.add("-cp");
    command.add(classPath());
    command.add(FirstEmbedding.class.getName());
    command.add(model.toString());
    long started = System.nanoTime();
    Process child =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    Map<String, Double> millis = new LinkedHashMap<>();
    try (BufferedReader lines = child.inputReader()) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.equals(FirstEmbedding.DONE)) {
          millis.put("first embedding, ms", (System.nanoTime() - started) / 1e6);
        } else {
          String[] pair = line.split("=", 2);
          millis.put(pair[0], Double.parseDouble(pair[1]));
        }
      }
    }
    if (child.waitFor() != 0) {
      throw new IOException("the child JVM failed with exit value " + child.exitValue());
    }
    double least = of(millis, FirstEmbedding.READING) + of(millis, FirstEmbedding.FORWARD);
    double library = of(millis, FirstEmbedding.LOADING) + of(millis, FirstEmbedding.FIRST);
    millis.put("ratio of process", of(millis, "first embedding, ms") / least);
    millis.put("ratio of library", library / least);
    return millis;
  }

  private static double of(Map<String, Double> millis, String name) {
    Double value = millis.get(name);
    if (value == null) {
      throw new IllegalStateException("the child JVM did not say " + name);
    }
    return value;
  }

  /** The one this runs on, also where Maven runs it in its own process. */
  private static String classPath() {
    if (ColdStartBenchmark.class.getClassLoader() instanceof URLClassLoader loader) {
      return Arrays.stream(loader.getURLs())
          .map(URL::getPath)
          .collect(Collectors.joining(System.getProperty("path.separator")));
    }
    return System.getProperty("java.class.path");
  }
}
