package dev.fare.cli;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What every command understands. */
final class CommonOptions {

  /** After all that a command has of its own. */
  private static final int LAST = 100;

  @Spec(Spec.Target.MIXEE)
  private CommandSpec command = CommandSpec.create();

  @ArgGroup(validate = false, heading = "%nAny command:%n", order = LAST)
  private Group group = new Group();

  /** One part of the help. */
  static final class Group {
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
        description = "of the engine; by default as many as there are cores")
    @Nullable Integer threads;
  }

  /** Where the command writes; called before the engine is used, which it tells its threads. */
  Terminal terminal() {
    if (group.threads != null) {
      if (group.threads < 1) {
        throw new ParameterException(
            command.commandLine(), "--threads must be at least 1, got " + group.threads);
      }
      System.setProperty("ai.djl.pytorch.num_threads", group.threads.toString());
    }
    return new Terminal(command.commandLine(), group.json, group.quiet);
  }
}
