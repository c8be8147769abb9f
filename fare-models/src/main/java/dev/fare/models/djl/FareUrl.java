package dev.fare.models.djl;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.net.URI;
import java.net.URLDecoder;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A {@code fare://} URL taken apart.
 *
 * @param uri as it was given
 * @param path the directory or file
 * @param arguments of the query
 */
record FareUrl(URI uri, Path path, Map<String, String> arguments) {

  static FareUrl parse(URI uri) {
    String rest = uri.getRawSchemeSpecificPart();
    int question = rest.indexOf('?');
    String query = question < 0 ? "" : rest.substring(question + 1);
    String place = question < 0 ? rest : rest.substring(0, question);
    return new FareUrl(uri, path(uri, place), arguments(query));
  }

  /** Three slashes or one begin an absolute path, two or none a relative one. */
  private static Path path(URI uri, String place) {
    String path = place.startsWith("//") ? place.substring(2) : place;
    if (path.isEmpty() || path.equals("/")) {
      throw new IllegalArgumentException(
          uri + " names no model; write fare:///absolute/path or fare:relative/path");
    }
    if (path.startsWith("/")) {
      return Path.of(URI.create("file://" + path)); // knows a drive's letter where there is one
    }
    return Path.of(URI.create("file:///" + path).getPath().substring(1));
  }

  private static Map<String, String> arguments(String query) {
    Map<String, String> arguments = new LinkedHashMap<>();
    for (String pair : query.split("&", -1)) {
      int equals = pair.indexOf('=');
      if (equals > 0) {
        arguments.put(decoded(pair.substring(0, equals)), decoded(pair.substring(equals + 1)));
      }
    }
    return arguments;
  }

  private static String decoded(String text) {
    return URLDecoder.decode(text, UTF_8);
  }

  /** The last name of the path. */
  String modelName() {
    return path.toAbsolutePath().normalize().getFileName().toString();
  }
}
