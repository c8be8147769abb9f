package dev.fare.examples.cli;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What every command understands. */
final class CommonOptions {

  @Spec(Spec.Target.MIXEE)
  private CommandSpec command = CommandSpec.create();

  @Option(
      names = "--config",
      paramLabel = "<file>",
      description = "a properties file with options, such as epsilon = 4/255")
  @Nullable Path config;

  @Option(names = "--json", description = "the result as one JSON object on standard output")
  boolean json;

  @Option(names = "--quiet", description = "no progress bars; there are none without a terminal")
  boolean quiet;

  @Option(names = "--verbose", description = "logs, and the stack trace of a failure")
  boolean verbose;

  @Option(
      names = "--threads",
      paramLabel = "<n>",
      description = "threads of the engine; by default as many as there are cores")
  void threads(int count) {
    if (count < 1) {
      throw new CommandLine.ParameterException(
          command.commandLine(), "--threads must be at least 1, got " + count);
    }
    System.setProperty("ai.djl.pytorch.num_threads", Integer.toString(count));
  }

  /** Where the command writes. */
  Terminal terminal() {
    return new Terminal(command.commandLine(), json, quiet);
  }
}
