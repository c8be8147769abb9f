package dev.fare.examples;

import picocli.CommandLine;

/** How the programs here are run from a shell. */
public final class CommandLines {

  private CommandLines() {}

  /** Runs a program, and ends the JVM with its exit code if it has failed. */
  public static void run(Object program, String... arguments) {
    int status =
        new CommandLine(program).setCaseInsensitiveEnumValuesAllowed(true).execute(arguments);
    if (status != 0) {
      System.exit(status);
    }
  }
}
