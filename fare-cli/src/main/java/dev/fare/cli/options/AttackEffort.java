package dev.fare.cli.options;

import picocli.CommandLine.Option;

/** How hard any attack tries. */
public class AttackEffort {

  @Option(
      names = "--steps",
      paramLabel = "<n>",
      description = "of each attack; default ${DEFAULT-VALUE}")
  public Count steps = new Count(100);

  @Option(
      names = "--restarts",
      paramLabel = "<n>",
      description = "of PGD and APGD; default ${DEFAULT-VALUE}")
  public Count restarts = new Count(1);

  @Option(names = "--seed", paramLabel = "<n>", description = "default ${DEFAULT-VALUE}")
  public long seed;
}
