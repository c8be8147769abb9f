package dev.fare.examples.benchmarks;

import java.util.List;

/** Some rows of the table that are measured together. */
interface Benchmark {

  /** How it is chosen on the command line. */
  String name();

  /**
   * Measures.
   *
   * @param bench models, images and the timer
   */
  List<Measurement> run(Workbench bench) throws Exception;
}
