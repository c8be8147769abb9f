package dev.fare.cli;

import static java.util.stream.Collectors.joining;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import dev.fare.evaluation.EvaluationProgress;
import java.io.Console;
import java.io.PrintWriter;
import java.util.List;
import java.util.Map;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** Talks to a person, or to a program where {@code --json} is given. */
final class Terminal implements AutoCloseable {

  private static final Gson GSON =
      new GsonBuilder().disableHtmlEscaping().serializeNulls().create();

  private final CommandLine command;
  private final boolean json;
  private final boolean showsProgress;
  private @Nullable ProgressBar bar;
  private String task = "";

  /** A terminal for one run of a command. */
  Terminal(CommandLine command, boolean json, boolean quiet) {
    this.command = command;
    this.json = json;
    showsProgress = !json && !quiet && isInteractive();
  }

  /** From JDK 22 on there is a console where there is no terminal, too; it can be asked. */
  private static boolean isInteractive() {
    Console console = System.console();
    if (console == null) {
      return false;
    }
    try {
      return (boolean) Console.class.getMethod("isTerminal").invoke(console);
    } catch (NoSuchMethodException e) {
      return true; // before JDK 22
    } catch (ReflectiveOperationException e) {
      return false;
    }
  }

  /** A line for people. */
  void say(String format, Object... arguments) {
    if (!json) {
      PrintWriter out = command.getOut();
      out.println(arguments.length == 0 ? format : format.formatted(arguments));
      out.flush();
    }
  }

  /** Names and values for people, in two columns; a list's items stand below each other. */
  void table(Map<String, ?> facts) {
    int width = facts.keySet().stream().mapToInt(String::length).max().orElse(0) + 2;
    facts.forEach(
        (name, value) -> say("%s", name + " ".repeat(width - name.length()) + text(value, width)));
  }

  private static String text(Object value, int indent) {
    if (!(value instanceof List<?> list)) {
      return value.toString();
    }
    return list.isEmpty()
        ? "none"
        : list.stream().map(Object::toString).collect(joining("\n" + " ".repeat(indent)));
  }

  /** The result for programs. */
  void result(Map<String, ?> values) {
    if (json) {
      JsonObject object = new JsonObject();
      object.addProperty("command", command.getCommandName());
      values.forEach((name, value) -> object.add(name, GSON.toJsonTree(value)));
      command.getOut().println(GSON.toJson(object));
      command.getOut().flush();
    }
  }

  /** A line that people and programs must not miss. */
  void warn(String message) {
    closeBar();
    command.getErr().println("fare " + command.getCommandName() + ": " + message);
    command.getErr().flush();
  }

  /**
   * Shows how far a task is.
   *
   * @param message what is known so far, shown behind the bar
   */
  void progress(String name, long done, long total, String message) {
    if (!showsProgress) {
      return;
    }
    ProgressBar current = bar;
    if (current == null || !name.equals(task)) {
      closeBar();
      task = name;
      current =
          new ProgressBarBuilder()
              .setTaskName(name)
              .setInitialMax(total)
              .setStyle(ProgressBarStyle.ASCII)
              .setUpdateIntervalMillis(500)
              .build();
      bar = current;
    }
    current.stepTo(done);
    current.setExtraMessage(message.isEmpty() ? "" : " " + message);
    if (done >= total) {
      closeBar();
    }
  }

  /** Shows how far an evaluation is. */
  void progress(EvaluationProgress progress) {
    progress(
        progress.model() + ", " + progress.phase(),
        progress.done(),
        progress.total(),
        progress.correct() + " right");
  }

  private void closeBar() {
    if (bar != null) {
      bar.close();
      bar = null;
      task = "";
    }
  }

  @Override
  public void close() {
    closeBar();
  }

  /** Says what can't be understood, and where it is explained. */
  static int misunderstood(ParameterException mistake, String... arguments) {
    CommandLine command = mistake.getCommandLine();
    PrintWriter err = command.getErr();
    String name = command.getCommandSpec().qualifiedName();
    err.println(name + ": " + mistake.getMessage());
    UnmatchedArgumentException.printSuggestions(mistake, err);
    err.println("Try '" + name + " --help'.");
    err.flush();
    if (List.of(arguments).contains("--json")) {
      new Terminal(command, true, true).result(Map.of("error", mistake.getMessage()));
    }
    return CommandLine.ExitCode.USAGE;
  }

  /** Says why a command has failed. */
  static int fail(Exception failure, CommandLine command, ParseResult parsed) {
    String message = FailureMessage.of(failure, command);
    command.getErr().println("fare " + command.getCommandName() + ": " + message);
    if (parsed.originalArgs().contains("--verbose")) {
      failure.printStackTrace(command.getErr());
    }
    command.getErr().flush();
    if (parsed.originalArgs().contains("--json")) {
      new Terminal(command, true, true).result(Map.of("error", message));
    }
    return Fare.FAILED;
  }
}
