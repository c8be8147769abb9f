package dev.fare.cli.options;

import dev.fare.Norm;
import dev.fare.ThreatModel;
import java.util.List;
import picocli.CommandLine.Option;

/** What the attacker may do. */
public abstract class ThreatOptions {

  private static final String EPSILON =
      "how far pixels may move, where an image spans [0,1]: 4/255 or ";

  @Option(
      names = "--norm",
      paramLabel = "<norm>",
      description = "${COMPLETION-CANDIDATES}; default ${DEFAULT-VALUE}")
  Norm norm = Norm.LINF;

  /** At one radius. */
  public static class Single extends ThreatOptions {

    @Option(
        names = "--epsilon",
        paramLabel = "<r>",
        defaultValue = "4/255",
        description = EPSILON + "0.0157; default ${DEFAULT-VALUE}")
    private Radius radius = new Radius(4 / 255.0);

    public final ThreatModel threatModel() {
      return new ThreatModel(norm, radius.value());
    }
  }

  /** At several radii. */
  public static final class Several extends ThreatOptions {

    @Option(
        names = "--epsilon",
        split = ",",
        paramLabel = "<r>",
        defaultValue = "2/255,4/255",
        description = EPSILON + "2/255,4/255; default ${DEFAULT-VALUE}")
    private List<Radius> radii = List.of();

    public List<ThreatModel> threatModels() {
      return radii.stream().map(radius -> new ThreatModel(norm, radius.value())).toList();
    }
  }
}
