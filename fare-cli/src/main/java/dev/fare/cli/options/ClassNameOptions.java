package dev.fare.cli.options;

import dev.fare.io.TextFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The words in which a CLIP is asked for the classes. */
public class ClassNameOptions {

  @Option(
      names = "--templates",
      paramLabel = "<file>",
      description = "sentences, one a line, with {} for the class; default 'a photo of a {}'")
  private @Nullable Path templates;

  @Option(
      names = "--class-names",
      paramLabel = "<file>",
      description = "lines label=name where a folder's name or label is not the class's")
  private @Nullable Path classNames;

  /** The sentences. */
  public final List<String> sentences() throws IOException {
    if (templates == null) {
      return List.of("a photo of a {}");
    }
    List<String> lines = lines(templates);
    if (lines.isEmpty() || lines.stream().anyMatch(line -> !line.contains("{}"))) {
      throw new IOException(templates + ": each line must be a sentence with {} for the class");
    }
    return lines;
  }

  /** What a class is called, by its label. */
  public final UnaryOperator<String> names() throws IOException {
    Map<String, String> names = new LinkedHashMap<>();
    for (String line : classNames == null ? List.<String>of() : lines(classNames)) {
      int equals = line.indexOf('=');
      if (equals <= 0 || equals == line.length() - 1) {
        throw new IOException(classNames + ": a line must be label=name, got " + line);
      }
      names.put(line.substring(0, equals).strip(), line.substring(equals + 1).strip());
    }
    return label -> names.getOrDefault(label, label.replace('_', ' '));
  }

  private static List<String> lines(Path file) throws IOException {
    return TextFile.read(file).lines().map(String::strip).filter(line -> !line.isEmpty()).toList();
  }
}
