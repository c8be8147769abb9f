package dev.fare.cli;

import picocli.CommandLine.Option;

/** How hard any attack tries. */
class AttackEffort {

  @Option(
      names = "--steps",
      paramLabel = "<n>",
      description = "of each attack; default ${DEFAULT-VALUE}")
  Count steps = new Count(100);

  @Option(
      names = "--restarts",
      paramLabel = "<n>",
      description = "of PGD and APGD; default ${DEFAULT-VALUE}")
  Count restarts = new Count(1);

  @Option(names = "--seed", paramLabel = "<n>", description = "default ${DEFAULT-VALUE}")
  long seed;
}
