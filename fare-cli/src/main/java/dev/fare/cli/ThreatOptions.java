package dev.fare.cli;

import dev.fare.ThreatModel;
import picocli.CommandLine.Option;

/** What the attacker may do. */
class ThreatOptions extends NormOption {

  @Option(
      names = "--epsilon",
      paramLabel = "<r>",
      defaultValue = "4/255",
      description = EPSILON + "4/255 or 0.0157; default ${DEFAULT-VALUE}")
  private Radius radius = new Radius(4 / 255.0);

  final ThreatModel threatModel() {
    return new ThreatModel(norm, radius.value());
  }
}
