package dev.fare.models;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.util.List;

/** The log lines of this package that a piece of work writes, through SLF4J's simple logger. */
final class StandardError {

  private StandardError() {}

  /** What may fail. */
  interface Work {
    void run() throws Exception;
  }

  static List<String> linesOf(Work work) throws Exception {
    PrintStream before = System.err;
    ByteArrayOutputStream captured = new ByteArrayOutputStream();
    System.setErr(new PrintStream(captured, true, UTF_8));
    try {
      work.run();
    } finally {
      System.setErr(before);
    }
    return captured.toString(UTF_8).lines().filter(line -> line.contains("dev.fare.")).toList();
  }
}
