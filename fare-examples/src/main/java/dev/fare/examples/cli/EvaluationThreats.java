package dev.fare.examples.cli;

import dev.fare.Norm;
import dev.fare.ThreatModel;
import java.util.List;
import picocli.CommandLine.Option;

/** What the attacker may do, at several radii. */
final class EvaluationThreats {

  @Option(
      names = "--norm",
      paramLabel = "<norm>",
      description = "${COMPLETION-CANDIDATES}; default ${DEFAULT-VALUE}")
  private Norm norm = Norm.LINF;

  @Option(
      names = "--epsilon",
      split = ",",
      paramLabel = "<r>",
      defaultValue = "2/255,4/255",
      description =
          "how far pixels may move, where an image spans [0,1], as 4/255 or 2/255,4/255;"
              + " default ${DEFAULT-VALUE}")
  private List<Radius> radii = List.of();

  List<ThreatModel> threatModels() {
    return radii.stream().map(radius -> new ThreatModel(norm, radius.value())).toList();
  }
}
