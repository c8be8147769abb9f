package dev.fare.cli;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine;

/** One run of the program in this JVM. */
record Program(int exitCode, String out, String err) {

  /** Runs a line of words; each {@code %s} stands for the next of what is given. */
  static Program line(String line, Object... given) {
    Iterator<Object> next = List.of(given).iterator();
    return run(
        Stream.of(line.split(" ", -1))
            .map(word -> word.contains("%s") ? word.formatted(next.next()) : word)
            .toArray());
  }

  static Program run(Object... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    CommandLine commandLine = Fare.commandLine();
    commandLine.setOut(new PrintWriter(out, true)).setErr(new PrintWriter(err, true));
    for (CommandLine command : commandLine.getSubcommands().values()) {
      command.setOut(commandLine.getOut()).setErr(commandLine.getErr());
    }
    String[] words = new String[arguments.length];
    for (int i = 0; i < words.length; i++) {
      words[i] = arguments[i].toString();
    }
    int exitCode = commandLine.execute(words);
    return new Program(exitCode, out.toString(), err.toString());
  }

  JsonObject json() {
    return JsonParser.parseString(out).getAsJsonObject();
  }
}
