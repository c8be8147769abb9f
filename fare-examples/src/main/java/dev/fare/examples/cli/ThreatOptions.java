package dev.fare.examples.cli;

import dev.fare.Norm;
import dev.fare.ThreatModel;
import picocli.CommandLine.Option;

/** What the attacker may do. */
final class ThreatOptions {

  @Option(
      names = "--norm",
      paramLabel = "<norm>",
      description = "${COMPLETION-CANDIDATES}; default ${DEFAULT-VALUE}")
  private Norm norm = Norm.LINF;

  @Option(
      names = "--epsilon",
      paramLabel = "<r>",
      defaultValue = "4/255",
      description =
          "how far pixels may move, where an image spans [0,1], such as 4/255;"
              + " default ${DEFAULT-VALUE}")
  private Radius radius = new Radius(4 / 255.0);

  ThreatModel threatModel() {
    return new ThreatModel(norm, radius.value());
  }
}
