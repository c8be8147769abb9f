package dev.fare.models.hub;

import java.net.URI;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The hub's settings in environment variables, which pass the checks of their setters. */
record HubEnvironment(Function<String, @Nullable String> variables) {

  private static final String OFFLINE = "HF_HUB_OFFLINE";
  private static final Set<String> YES = Set.of("1", "true", "yes", "on");
  private static final Set<String> NO = Set.of("0", "false", "no", "off");

  /** Hands a variable's value on, if it is set; a refusal names the variable. */
  private void apply(String name, Consumer<String> setter) {
    Optional<String> value = value(name);
    if (value.isEmpty()) {
      return;
    }
    try {
      setter.accept(value.get());
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("environment variable " + name + ": " + e.getMessage(), e);
    }
  }

  void applyEndpoint(ModelHub.Builder builder) {
    apply("HF_ENDPOINT", value -> builder.endpoint(URI.create(value)));
  }

  void applyToken(ModelHub.Builder builder) {
    apply("HF_TOKEN", builder::token);
  }

  boolean isOffline() {
    String value = value(OFFLINE).orElse("0");
    String word = value.toLowerCase(Locale.ROOT);
    if (!YES.contains(word) && !NO.contains(word)) {
      throw new IllegalArgumentException(
          "environment variable " + OFFLINE + " must be 1 or 0, got '" + value + "'");
    }
    return YES.contains(word);
  }

  void applyCacheDirectory(ModelHub.Builder builder) {
    builder.cacheDirectory(
        Path.of(System.getProperty("user.home"), ".cache").resolve("fare").resolve("hub"));
    apply("XDG_CACHE_HOME", value -> builder.cacheDirectory(Path.of(value, "fare", "hub")));
  }

  /** Without the white space around it, such as the line feed of the file that it came from. */
  private Optional<String> value(String name) {
    return Optional.ofNullable(variables.apply(name))
        .map(String::strip)
        .filter(value -> !value.isEmpty());
  }
}
