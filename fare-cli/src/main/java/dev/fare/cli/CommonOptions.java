package dev.fare.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
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

  /**
   * Keeps what a command reads from being overwritten by what it writes.
   *
   * @param inputs paths as they were given; what is no file is passed over
   */
  static void checkOutput(Path output, String... inputs) throws IOException {
    for (String input : inputs) {
      if (Files.exists(output) && isSameFile(output, input)) {
        throw new IllegalArgumentException(
            output + " would be overwritten, and the command reads it; choose another --output");
      }
    }
  }

  private static boolean isSameFile(Path output, String input) throws IOException {
    try {
      return Files.exists(Path.of(input)) && Files.isSameFile(output, Path.of(input));
    } catch (InvalidPathException e) {
      return false; // a pattern of archives
    }
  }

  /** Where the command writes; called before the engine is used, which it tells its threads. */
  Terminal terminal() {
    if (group.threads != null) {
      int cores = Runtime.getRuntime().availableProcessors();
      int most = Math.max(64, 4 * cores);
      if (group.threads < 1 || group.threads > most) {
        throw new ParameterException(
            command.commandLine(),
            "--threads must be from 1 to %d on this machine of %d cores, got %d"
                .formatted(most, cores, group.threads));
      }
      System.setProperty("ai.djl.pytorch.num_threads", group.threads.toString());
    }
    return new Terminal(command.commandLine(), group.json, group.quiet);
  }
}
