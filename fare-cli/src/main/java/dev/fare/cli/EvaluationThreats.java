package dev.fare.cli;

import dev.fare.ThreatModel;
import java.util.List;
import picocli.CommandLine.Option;

/** What the attacker may do, at several radii. */
final class EvaluationThreats extends NormOption {

  @Option(
      names = "--epsilon",
      split = ",",
      paramLabel = "<r>",
      defaultValue = "2/255,4/255",
      description = EPSILON + "4/255 or 2/255,4/255; default ${DEFAULT-VALUE}")
  private List<Radius> radii = List.of();

  List<ThreatModel> threatModels() {
    return radii.stream().map(radius -> new ThreatModel(norm, radius.value())).toList();
  }
}
