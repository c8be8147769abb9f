package dev.fare.training;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** A Java process of its own, which tests kill, or keep from writing. */
public final class ChildJvm {

  private final Process process;
  private final Path errors;
  private final BufferedReader output;

  private ChildJvm(Process process, Path errors) {
    this.process = process;
    this.errors = errors;
    output = process.inputReader();
  }

  /**
   * Starts one.
   *
   * @param prefix a command that runs the command after it
   */
  public static ChildJvm start(List<String> prefix, Path errors, Class<?> main, Path directory)
      throws IOException {
    List<String> command = new ArrayList<>(prefix);
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-Xmx256m");
    command.add("-XX:-UsePerfData");
    command.add("-Dai.djl.offline=true");
    command.add("-Dai.djl.pytorch.num_threads=1");
    command.add("-Dorg.slf4j.simpleLogger.defaultLogLevel=error");
    System.getProperties().stringPropertyNames().stream()
        .filter(name -> name.startsWith("fare.test."))
        .forEach(name -> command.add("-D" + name + "=" + System.getProperty(name)));
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(main.getName());
    command.add(directory.toString());
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.redirectError(ProcessBuilder.Redirect.appendTo(errors.toFile()));
    return new ChildJvm(builder.start(), errors);
  }

  /** Reads up to a line. */
  public String awaitLine(Predicate<String> wanted) throws IOException {
    for (String line = output.readLine(); line != null; line = output.readLine()) {
      if (wanted.test(line)) {
        return line;
      }
    }
    throw new IllegalStateException("the child ended early: " + Files.readString(errors));
  }

  /** Reads what is left, until the child ends. */
  public List<String> remainingLines() {
    try (Stream<String> lines = output.lines()) {
      return lines.toList();
    }
  }

  public Process process() {
    return process;
  }

  public void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }
}
