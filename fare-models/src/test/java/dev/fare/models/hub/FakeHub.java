package dev.fare.models.hub;

import com.google.common.hash.Hashing;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** A hub on this machine that misbehaves as a test tells it to. */
final class FakeHub implements AutoCloseable {

  static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";
  static final String REPOSITORY = "owner/model";

  private final HttpServer server;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Map<String, byte[]> files = new TreeMap<>();
  private final Deque<Answer> downloads = new ConcurrentLinkedDeque<>();
  private final Deque<Answer> lists = new ConcurrentLinkedDeque<>();
  private final List<String> requests = new CopyOnWriteArrayList<>();
  private String checksumOfLargeFiles = "";

  /** How one request is answered instead of honestly. */
  @FunctionalInterface
  interface Answer {
    void send(HttpExchange exchange, byte[] content) throws IOException;
  }

  FakeHub() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::handle);
    server.setExecutor(threads);
    server.start();
  }

  /** A hub with a small model. */
  static FakeHub withModel() throws IOException {
    return new FakeHub()
        .file("config.json", "{\"model_type\":\"clip\"}")
        .file("model.safetensors", "weights");
  }

  URI uri() {
    return URI.create("http://localhost:" + server.getAddress().getPort());
  }

  FakeHub file(String name, byte[] content) {
    files.put(name, content);
    return this;
  }

  FakeHub without(String name) {
    files.remove(name);
    return this;
  }

  FakeHub file(String name, String content) {
    return file(name, content.getBytes(StandardCharsets.UTF_8));
  }

  /** The next requests of weights are answered like this, one after the other. */
  FakeHub thenDownload(Answer... answers) {
    downloads.addAll(List.of(answers));
    return this;
  }

  /** The next requests of the list of files are answered like this. */
  FakeHub thenList(Answer... answers) {
    lists.addAll(List.of(answers));
    return this;
  }

  /** What the hub claims that weights hash to. */
  FakeHub checksumOfWeights(String sha256) {
    checksumOfLargeFiles = sha256;
    return this;
  }

  /** Method-less request lines with their range and token, in order. */
  List<String> requests() {
    return requests;
  }

  static Answer status(int status, String... header) {
    return (exchange, content) -> {
      if (header.length == 2) {
        exchange.getResponseHeaders().set(header[0], header[1]);
      }
      exchange.sendResponseHeaders(status, -1);
    };
  }

  /** Promises all that is left and closes the connection after some bytes of it. */
  static Answer breakOffAfter(int count) {
    return (exchange, content) -> {
      int from = from(exchange);
      exchange.sendResponseHeaders(from > 0 ? 206 : 200, content.length - from);
      exchange.getResponseBody().write(content, from, count);
      exchange.getResponseBody().flush();
    };
  }

  /** Says 200 and sends other bytes than the content, with a length that fits them. */
  static Answer bytes(byte[] bytes) {
    return (exchange, content) -> {
      exchange.sendResponseHeaders(200, bytes.length);
      exchange.getResponseBody().write(bytes);
    };
  }

  static int from(HttpExchange exchange) {
    String range = exchange.getRequestHeaders().getFirst("Range");
    return range == null ? 0 : Integer.parseInt(range.replaceAll("bytes=([0-9]+)-", "$1"));
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }

  private void handle(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().toString();
    String range = exchange.getRequestHeaders().getFirst("Range");
    String token = exchange.getRequestHeaders().getFirst("Authorization");
    requests.add(path + (range == null ? "" : " " + range) + (token == null ? "" : " " + token));
    try (exchange) {
      if (exchange
          .getRequestURI()
          .getPath()
          .startsWith("/api/models/" + REPOSITORY + "/revision/")) {
        byte[] json = list().getBytes(StandardCharsets.UTF_8);
        Answer answer = lists.isEmpty() ? FakeHub::honest : lists.remove();
        answer.send(exchange, json);
        return;
      }
      String resource = exchange.getRequestURI().getPath();
      String name = resource.substring(resource.lastIndexOf('/') + 1);
      byte[] content = files.get(name);
      if (content == null) {
        exchange.sendResponseHeaders(404, -1);
        return;
      }
      boolean isScripted = name.startsWith("model") && !downloads.isEmpty();
      Answer answer = isScripted ? downloads.remove() : FakeHub::honest;
      answer.send(exchange, content);
    }
  }

  static void honest(HttpExchange exchange, byte[] content) throws IOException {
    int from = from(exchange);
    if (from > 0) {
      exchange
          .getResponseHeaders()
          .set(
              "Content-Range", "bytes " + from + "-" + (content.length - 1) + "/" + content.length);
    }
    exchange.sendResponseHeaders(from > 0 ? 206 : 200, content.length - from);
    try (OutputStream out = exchange.getResponseBody()) {
      out.write(content, from, content.length - from);
    }
  }

  private String list() {
    StringBuilder siblings = new StringBuilder();
    files.forEach(
        (name, content) -> {
          siblings.append(siblings.isEmpty() ? "" : ",");
          siblings.append("{\"rfilename\":\"").append(name).append("\",");
          siblings.append("\"size\":").append(content.length).append(",\"blobId\":\"");
          siblings.append(gitBlob(content)).append('"');
          if (name.startsWith("model")) {
            String sha256 =
                checksumOfLargeFiles.isEmpty()
                    ? Hashing.sha256().hashBytes(content).toString()
                    : checksumOfLargeFiles;
            siblings.append(",\"lfs\":{\"sha256\":\"").append(sha256);
            siblings.append("\",\"size\":").append(content.length).append('}');
          }
          siblings.append('}');
        });
    return "{\"id\":\"x\",\"sha\":\"" + COMMIT + "\",\"siblings\":[" + siblings + "]}";
  }

  @SuppressWarnings("deprecation") // git has SHA-1
  private static String gitBlob(byte[] content) {
    return Hashing.sha1()
        .newHasher()
        .putString("blob " + content.length + "\0", StandardCharsets.UTF_8)
        .putBytes(content)
        .hash()
        .toString();
  }
}
