package dev.fare.examples.docs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The project's Markdown, and the Java that its examples are compared with. */
final class Pages {

  private static final Path MODULE = Path.of(System.getProperty("basedir", "")).toAbsolutePath();
  private static final String SNIPPETS = "fare-examples/src/test/java/dev/fare/examples/docs";
  private static final Pattern JAVA = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);

  /** Where an example that this module can't compile is compiled. */
  private static final List<String> ELSEWHERE =
      List.of(
          "fare-examples/src/main/java/dev/fare/examples/attacks/LookLike.java",
          "fare-langchain4j/src/test/java/dev/fare/langchain4j/ClipEmbeddingModelTest.java",
          "fare-spark/src/test/java/dev/fare/spark/ImageJobTest.java");

  private Pages() {}

  /** The README and every page of {@code docs}, as paths from the project's folder. */
  static List<String> all() throws IOException {
    try (Stream<Path> docs = Files.list(path("docs"))) {
      return Stream.concat(
              Stream.of("README.md", "CONTRIBUTING.md", "CHANGELOG.md"),
              docs.map(page -> "docs/" + page.getFileName()).filter(name -> name.endsWith(".md")))
          .sorted()
          .toList();
    }
  }

  static Path path(String page) {
    return MODULE.resolveSibling(page);
  }

  static String text(String page) throws IOException {
    return Files.readString(path(page));
  }

  /** The source of a class of this package. */
  static String source(String className) throws IOException {
    return text(SNIPPETS + "/" + className + ".java");
  }

  /** The Java blocks of a page, line by line and without indentation. */
  static List<List<String>> javaOf(String page) throws IOException {
    return JAVA.matcher(text(page)).results().map(block -> stripped(block.group(1))).toList();
  }

  /** Sources that hold the examples, stripped like them. */
  static List<List<String>> compiled() throws IOException {
    List<List<String>> sources = new ArrayList<>();
    try (Stream<Path> snippets = Files.list(path(SNIPPETS))) {
      for (Path file :
          snippets.filter(name -> name.toString().endsWith("Snippets.java")).toList()) {
        sources.add(stripped(Files.readString(file)));
      }
    }
    for (String file : ELSEWHERE) {
      sources.add(stripped(text(file)));
    }
    return sources;
  }

  private static List<String> stripped(String text) {
    return text.lines().map(String::strip).filter(line -> !line.isEmpty()).toList();
  }
}
