package dev.fare.cli;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.IParameterPreprocessor;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;

/**
 * Options from a properties file: {@code count = 200} for every command that has {@code --count},
 * {@code evaluate.count = 200} for {@code evaluate} alone. What stands on the command line wins.
 */
final class ConfigFile implements IDefaultValueProvider {

  private Properties properties = new Properties();
  private Set<String> given = Set.of();

  private ConfigFile() {}

  /** Lets all commands of a program read {@code --config}. */
  static void installOn(CommandLine program) {
    ConfigFile file = new ConfigFile();
    program.setDefaultValueProvider(file);
    for (CommandLine command : program.getSubcommands().values()) {
      OptionSpec option = command.getCommandSpec().findOption("--config");
      if (option != null) {
        command.getCommandSpec().preprocessor(file.reader());
      }
    }
  }

  /** Reads the file before the command's options get their defaults. */
  private IParameterPreprocessor reader() {
    return (args, command, argSpec, info) -> {
      properties = new Properties();
      given = Set.copyOf(args);
      Path path = find(args);
      if (path != null) {
        read(path, command);
      }
      return false; // the arguments are still to be parsed
    };
  }

  /** Arguments wait on a stack: the next one to parse is the last element. */
  private static @Nullable Path find(Iterable<String> stack) {
    Path found = null;
    String next = null;
    for (String argument : stack) {
      if (argument.equals("--config") && next != null) {
        found = Path.of(next);
      } else if (argument.startsWith("--config=")) {
        found = Path.of(argument.substring("--config=".length()));
      }
      next = argument;
    }
    return found;
  }

  private void read(Path path, CommandSpec command) {
    try (Reader reader = Files.newBufferedReader(path)) {
      properties.load(reader);
    } catch (IOException | IllegalArgumentException e) {
      throw new ParameterException(
          command.commandLine(), "the configuration " + path + " can't be read: " + e.getMessage());
    }
    Set<String> unknown = new TreeSet<>(properties.stringPropertyNames());
    unknown.removeAll(known(command.root()));
    if (!unknown.isEmpty()) {
      throw new ParameterException(
          command.commandLine(),
          "%s names options that no command has: %s".formatted(path, String.join(", ", unknown)));
    }
  }

  private static Set<String> known(CommandSpec program) {
    Set<String> keys = new LinkedHashSet<>();
    for (CommandLine command : program.subcommands().values()) {
      for (OptionSpec option : command.getCommandSpec().options()) {
        keys.add(name(option));
        keys.add(command.getCommandName() + "." + name(option));
      }
    }
    return keys;
  }

  private static String name(OptionSpec option) {
    return option.longestName().replaceFirst("^-+", "");
  }

  @Override
  public @Nullable String defaultValue(ArgSpec argument) {
    if (!(argument instanceof OptionSpec option)) {
      return null;
    }
    if (isGiven(option)) {
      return null; // the command line wins, and a flag would become the opposite of its default
    }
    String value = properties.getProperty(argument.command().name() + "." + name(option));
    return value != null ? value : properties.getProperty(name(option));
  }

  private boolean isGiven(OptionSpec option) {
    return given.stream()
        .anyMatch(
            argument ->
                Stream.of(option.names())
                    .anyMatch(name -> argument.equals(name) || argument.startsWith(name + "=")));
  }
}
