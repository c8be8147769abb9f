package dev.fare.models.djl;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.common.base.Splitter;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A {@code fare://} URL taken apart.
 *
 * @param uri as it was given
 * @param place where the model is
 * @param arguments of the query
 */
record FareUrl(URI uri, Place place, Map<String, String> arguments) {

  /** Which tokens to give in place of embeddings. */
  static final String TOKENS = "tokens";

  /** The arithmetic of the layers. */
  static final String PRECISION = "precision";

  /** Height and width of the images, where they are not the weights' own. */
  static final String IMAGE_SIZE = "imageSize";

  /** Whether few images come at a time. */
  static final String LOW_LATENCY = "lowLatency";

  /** Whether inputs are single images or batches. */
  static final String BATCHIFIER = "batchifier";

  private static final List<String> ARGUMENTS =
      List.of(TOKENS, PRECISION, IMAGE_SIZE, LOW_LATENCY, BATCHIFIER);
  private static final String HUB = "//hub/";

  /** Where a model is. */
  sealed interface Place permits Local, OnHub {}

  /** A directory or file. */
  record Local(Path path) implements Place {}

  /** A model of the hub, {@code owner/name} or {@code owner/name@revision}. */
  record OnHub(String name) implements Place {}

  static FareUrl parse(URI uri) {
    String rest = uri.getRawSchemeSpecificPart();
    int question = rest.indexOf('?');
    String query = question < 0 ? "" : rest.substring(question + 1);
    String place = question < 0 ? rest : rest.substring(0, question);
    return new FareUrl(uri, place(uri, place), arguments(uri, query));
  }

  /** Three slashes or one begin an absolute path, two or none a relative one. */
  private static Place place(URI uri, String place) {
    if (place.startsWith(HUB)) {
      return new OnHub(place.substring(HUB.length()));
    }
    String path = place.startsWith("//") ? place.substring(2) : place;
    if (path.isEmpty() || path.equals("/")) {
      throw new IllegalArgumentException(
          uri
              + " names no model; write fare:///absolute/path, fare:relative/path or"
              + " fare://hub/owner/name");
    }
    if (path.startsWith("/")) {
      return new Local(Path.of(URI.create("file://" + path))); // knows a drive's letter
    }
    return new Local(Path.of(URI.create("file:///" + path).getPath().substring(1)));
  }

  private static Map<String, String> arguments(URI uri, String query) {
    Map<String, String> arguments = new LinkedHashMap<>();
    for (String pair : Splitter.on('&').omitEmptyStrings().split(query)) {
      int equals = pair.indexOf('=');
      String key = decoded(equals < 0 ? pair : pair.substring(0, equals));
      if (equals < 0 || !ARGUMENTS.contains(key)) {
        throw new IllegalArgumentException(
            uri
                + " must have arguments of "
                + ARGUMENTS
                + " with values, got "
                + pair
                + "; a device is given by Criteria.optDevice");
      }
      arguments.put(key, decoded(pair.substring(equals + 1)));
    }
    return arguments;
  }

  private static String decoded(String text) {
    return URLDecoder.decode(text, UTF_8);
  }

  /** What DJL calls the model. */
  String modelName() {
    Path path = place instanceof Local local ? local.path() : Path.of(((OnHub) place).name());
    return path.toAbsolutePath().normalize().getFileName().toString();
  }
}
