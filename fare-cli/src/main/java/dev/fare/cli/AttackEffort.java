package dev.fare.cli;

import picocli.CommandLine.Option;

/** How hard any attack tries. */
class AttackEffort {

  @Option(
      names = "--steps",
      paramLabel = "<n>",
      description = "of each attack; default ${DEFAULT-VALUE}")
  int steps = 100;

  @Option(
      names = "--restarts",
      paramLabel = "<n>",
      description = "of PGD and APGD; default ${DEFAULT-VALUE}")
  int restarts = 1;

  @Option(names = "--seed", paramLabel = "<n>", description = "default ${DEFAULT-VALUE}")
  long seed;
}
