package dev.fare.cli;

import dev.fare.Norm;
import picocli.CommandLine.Option;

/** How a change is measured. */
class NormOption {

  static final String EPSILON = "how far pixels may move, where an image spans [0,1]: ";

  @Option(
      names = "--norm",
      paramLabel = "<norm>",
      description = "${COMPLETION-CANDIDATES}; default ${DEFAULT-VALUE}")
  Norm norm = Norm.LINF;
}
