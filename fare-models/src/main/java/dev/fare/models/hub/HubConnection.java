package dev.fare.models.hub;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Asks a hub over HTTP, through the JVM's proxy: follows redirects without taking the token to
 * another host, and turns refusals into messages.
 */
final class HubConnection {

  private static final int MAX_REDIRECTS = 10;
  private static final int MAX_TEXT_BYTES = 64 << 20;
  private static final int TIMEOUT_MILLIS = 30_000;

  /** A longer pause than this is the caller's to decide on. */
  private static final Duration LONGEST_PAUSE = Duration.ofMinutes(2);

  private final URI endpoint;
  private final @Nullable String token;
  private final Pause pause;
  private final SlowestPace pace;

  HubConnection(URI endpoint, @Nullable String token, Pause pause, SlowestPace pace) {
    this.endpoint = endpoint;
    this.token = token;
    this.pause = pause;
    this.pace = pace;
  }

  /** Waits before another try. */
  @FunctionalInterface
  interface Pause {
    void sleep(Duration duration) throws InterruptedException;
  }

  /** A failure that another try may cure; with the hub's wish when to come back. */
  static final class Temporary extends IOException {
    private static final long serialVersionUID = 1L;

    private final transient Optional<Duration> retryAfter;

    Temporary(String message, Optional<Duration> retryAfter) {
      super(message);
      this.retryAfter = retryAfter;
    }
  }

  /** The slowest that answers may come. */
  SlowestPace pace() {
    return pace;
  }

  /** Reads a small answer as text. */
  String text(String path, String repository) throws IOException {
    HttpURLConnection connection = open(path, repository, 0);
    try (InputStream in = pace.keptBy(connection.getInputStream())) {
      byte[] bytes = in.readNBytes(MAX_TEXT_BYTES + 1);
      if (bytes.length > MAX_TEXT_BYTES) {
        throw new HubException(repository + ": the hub's answer is too long");
      }
      return new String(bytes, StandardCharsets.UTF_8);
    } finally {
      connection.disconnect();
    }
  }

  /**
   * Asks for a resource from a byte on.
   *
   * @return a connection with the status 200, 206 or 416, which the caller disconnects
   * @throws Temporary if another try may help
   * @throws HubException if it won't
   */
  HttpURLConnection open(String path, String repository, long from) throws IOException {
    URI uri = URI.create(endpoint + path);
    for (int hop = 0; hop <= MAX_REDIRECTS; hop++) {
      HttpURLConnection connection = (HttpURLConnection) uri.toURL().openConnection();
      connection.setInstanceFollowRedirects(false);
      connection.setConnectTimeout(TIMEOUT_MILLIS);
      connection.setReadTimeout(TIMEOUT_MILLIS);
      connection.setRequestProperty("User-Agent", "fare");
      connection.setRequestProperty("Accept-Encoding", "identity");
      if (token != null && isEndpoint(uri)) {
        connection.setRequestProperty("Authorization", "Bearer " + token);
      }
      if (from > 0) {
        connection.setRequestProperty("Range", "bytes=" + from + "-");
      }
      int status = status(connection);
      if (status == 200 || status == 206 || status == 416) {
        return connection;
      }
      String location = connection.getHeaderField("Location");
      if (status / 100 != 3 || location == null) {
        IOException failure = failure(status, connection, repository);
        connection.disconnect();
        throw failure;
      }
      connection.disconnect();
      uri = redirected(uri, location, repository);
    }
    throw new HubException(repository + ": the hub redirects without end");
  }

  /** Waits for the head of an answer, for one window at most, however slowly its bytes come. */
  private int status(HttpURLConnection connection) throws IOException {
    AtomicBoolean isLate = new AtomicBoolean();
    Thread watch =
        new Thread(
            () -> {
              try {
                Thread.sleep(pace.window().toMillis());
                isLate.set(true);
                connection.disconnect();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt(); // The head is there.
              }
            },
            "fare-hub-watch");
    watch.setDaemon(true);
    watch.start();
    try {
      return connection.getResponseCode();
    } catch (IOException e) {
      throw isLate.get()
          ? new IOException("the hub did not answer in " + pace.window().toSeconds() + " s", e)
          : e;
    } finally {
      watch.interrupt();
    }
  }

  /** Waits as long as the hub asks, or longer with each try. */
  void waitAfter(IOException failure, int tries) throws IOException {
    Duration wait = Duration.ofMillis(500L << Math.min(tries, 6));
    if (failure instanceof Temporary temporary && temporary.retryAfter.isPresent()) {
      wait = temporary.retryAfter.get();
    }
    if (wait.compareTo(LONGEST_PAUSE) > 0) {
      throw new HubException(
          failure.getMessage() + "; the hub asks to come back in " + wait.toSeconds() + " s",
          failure);
    }
    try {
      pause.sleep(wait);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      InterruptedIOException interrupted = new InterruptedIOException("download interrupted");
      interrupted.initCause(e);
      throw interrupted;
    }
  }

  /** Whether it names a host, and a port that there is. */
  static boolean isAddress(URI uri) {
    return uri.getHost() != null && uri.getPort() != 0 && uri.getPort() <= 65_535;
  }

  private boolean isEndpoint(URI uri) {
    return uri.getScheme().equals(endpoint.getScheme())
        && uri.getAuthority().equals(endpoint.getAuthority());
  }

  private static URI redirected(URI from, String location, String repository) throws HubException {
    URI to;
    try {
      to = from.resolve(location);
    } catch (IllegalArgumentException e) {
      throw new HubException(repository + ": the hub redirects to nowhere: " + location, e);
    }
    boolean isWeb = "https".equals(to.getScheme()) || "http".equals(to.getScheme());
    if (!isWeb || ("https".equals(from.getScheme()) && "http".equals(to.getScheme()))) {
      throw new HubException(
          repository + ": the hub redirects from " + from.getScheme() + " to " + to.getScheme());
    }
    if (!isAddress(to)) {
      throw new HubException(repository + ": the hub redirects to nowhere: " + location);
    }
    return to;
  }

  private IOException failure(int status, HttpURLConnection connection, String repository) {
    String what = repository + ": " + connection.getURL().getAuthority() + " answers " + status;
    return switch (status) {
      case 401, 403 ->
          new HubException(
              what
                  + (token == null
                      ? "; there is no such repository, or it is private or gated: set HF_TOKEN or"
                          + " pass a token"
                      : "; the token gives no access: accept the model's terms on its page, or use"
                          + " another token"));
      case 404 -> new HubException(what + "; there is no such repository, revision or file");
      case 429 -> new Temporary(what + ", too many requests", retryAfter(connection));
      default ->
          status >= 500 || status == 408
              ? new Temporary(what, retryAfter(connection))
              : new HubException(what);
    };
  }

  private static Optional<Duration> retryAfter(HttpURLConnection connection) {
    String value = connection.getHeaderField("Retry-After");
    if (value == null) {
      return Optional.empty();
    }
    if (value.matches("[0-9]{1,9}")) {
      return Optional.of(Duration.ofSeconds(Long.parseLong(value)));
    }
    try {
      Instant date = ZonedDateTime.parse(value, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant();
      Duration wait = Duration.between(Instant.now(), date);
      return Optional.of(wait.isNegative() ? Duration.ZERO : wait);
    } catch (DateTimeException e) {
      return Optional.empty(); // Then the pauses are ours to choose.
    }
  }
}
