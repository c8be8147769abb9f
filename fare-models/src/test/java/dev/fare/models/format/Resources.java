package dev.fare.models.format;

import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;

/** Files beside the tests. */
public final class Resources {

  private Resources() {}

  /** An entry that must be there. */
  public static <T> T get(Map<String, T> map, String name) {
    return Objects.requireNonNull(map.get(name), name);
  }

  public static Path path(String name) {
    URL url = Objects.requireNonNull(Resources.class.getResource(name), name);
    try {
      return Path.of(url.toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }
}
