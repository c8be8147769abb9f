package dev.fare.models.hub;

import static dev.fare.models.hub.FakeHub.COMMIT;
import static dev.fare.models.hub.FakeHub.REPOSITORY;
import static dev.fare.models.hub.FakeHub.breakOffAfter;
import static dev.fare.models.hub.FakeHub.bytes;
import static dev.fare.models.hub.FakeHub.status;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ProxySelector;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModelHubTest {

  private static final byte[] WEIGHTS = new byte[100_000];

  @TempDir Path cache;

  private final List<Duration> pauses = new ArrayList<>();
  private FakeHub hub;

  static {
    new Random(0).nextBytes(WEIGHTS);
  }

  @BeforeEach
  void start() throws IOException {
    hub =
        new FakeHub()
            .file("config.json", "{\"model_type\":\"clip\"}")
            .file("README.md", "not wanted")
            .file("tokenizer.json", "{}")
            .file("pytorch_model.bin", "not the best")
            .file("model.safetensors", WEIGHTS);
  }

  @AfterEach
  void stop() {
    hub.close();
  }

  @Test
  void downloadsWhatAModelConsistsOf() throws IOException {
    List<String> progress = new ArrayList<>();

    Path directory =
        client()
            .listener((file, bytes, total) -> progress.add(file + " " + bytes + "/" + total))
            .build()
            .download(REPOSITORY);

    assertThat(names(directory))
        .containsExactly("config.json", "model.safetensors", "tokenizer.json");
    assertThat(directory.resolve("model.safetensors")).hasBinaryContent(WEIGHTS);
    assertThat(progress).contains("config.json 21/21", "model.safetensors 100000/100000");
    assertThat(cache.resolve("models--owner--model/partial")).isEmptyDirectory();
  }

  @Test
  void asksForAPinnedCommitOnlyOnce() throws IOException {
    Path first = client().build().download(REPOSITORY + "@" + COMMIT);
    int requests = hub.requests().size();

    assertThat(client().build().download(REPOSITORY, COMMIT)).isEqualTo(first);

    assertThat(hub.requests()).hasSize(requests);
  }

  @Test
  void looksForANewCommitOfABranchButTakesFilesFromTheCache() throws IOException {
    client().build().download(REPOSITORY, "main");
    hub.requests().clear();

    client().build().download(REPOSITORY, "main");

    assertThat(hub.requests()).containsExactly("/api/models/owner/model/revision/main?blobs=true");
  }

  @Test
  void usesTheCacheAloneInOfflineMode() throws IOException {
    assertThatThrownBy(() -> client().offline(true).build().download(REPOSITORY))
        .isInstanceOf(HubException.class)
        .hasMessageContaining("offline mode forbids");
    Path directory = client().build().download(REPOSITORY);
    hub.requests().clear();

    assertThat(client().offline(true).build().download(REPOSITORY)).isEqualTo(directory);

    assertThat(hub.requests()).isEmpty();
  }

  @Test
  void continuesADownloadThatBrokeOff() throws IOException {
    hub.thenDownload(breakOffAfter(30_000), withRange(breakOffAfter(50_000)));

    Path directory = client().build().download(REPOSITORY);

    assertThat(directory.resolve("model.safetensors")).hasBinaryContent(WEIGHTS);
    assertThat(hub.requests().stream().filter(r -> r.contains("model.safetensors")))
        .containsExactly(
            "/owner/model/resolve/" + COMMIT + "/model.safetensors",
            "/owner/model/resolve/" + COMMIT + "/model.safetensors bytes=30000-",
            "/owner/model/resolve/" + COMMIT + "/model.safetensors bytes=80000-");
  }

  @Test
  void continuesInALaterProcess() throws IOException {
    hub.thenDownload(breakOffAfter(30_000), status(503));
    assertThatThrownBy(() -> client().retries(1).build().download(REPOSITORY))
        .isInstanceOf(HubException.class)
        .hasMessageContaining("model.safetensors could not be downloaded")
        .hasMessageContaining("answers 503")
        .hasMessageContaining("what has arrived is kept");

    Path directory = client().build().download(REPOSITORY);

    assertThat(directory.resolve("model.safetensors")).hasBinaryContent(WEIGHTS);
    assertThat(hub.requests()).last().asString().endsWith("bytes=30000-");
  }

  @Test
  void startsOverWhereTheHubIgnoresTheRange() throws IOException {
    hub.thenDownload(breakOffAfter(30_000), bytes(WEIGHTS));

    Path directory = client().build().download(REPOSITORY);

    assertThat(directory.resolve("model.safetensors")).hasBinaryContent(WEIGHTS);
  }

  @Test
  void startsOverWhereTheHubSendsAnotherRangeOrNone() throws IOException {
    hub.thenDownload(
        breakOffAfter(30_000),
        (exchange, content) -> {
          exchange.getResponseHeaders().set("Content-Range", "bytes 7-99999/100000");
          exchange.sendResponseHeaders(206, 0);
        },
        status(416));

    Path directory = client().build().download(REPOSITORY);

    assertThat(directory.resolve("model.safetensors")).hasBinaryContent(WEIGHTS);
  }

  @Test
  void noticesALengthThatLies() throws IOException {
    byte[] longer = Arrays.copyOf(WEIGHTS, WEIGHTS.length + 1);
    byte[] shorter = Arrays.copyOf(WEIGHTS, WEIGHTS.length - 1);
    hub.thenDownload(bytes(longer), bytes(shorter));

    Path directory = client().build().download(REPOSITORY);

    assertThat(directory.resolve("model.safetensors")).hasBinaryContent(WEIGHTS);
  }

  @Test
  void neverPublishesAFileWhoseChecksumIsWrong() throws IOException {
    hub.checksumOfWeights("00".repeat(32));

    assertThatThrownBy(() -> client().retries(2).build().download(REPOSITORY))
        .isInstanceOf(HubException.class)
        .hasMessageContaining("does not have the checksum 0000");

    try (Stream<Path> files = Files.walk(cache)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .noneMatch(name -> name.contains("model.safetensors"));
    }
    assertThatThrownBy(() -> client().offline(true).build().download(REPOSITORY))
        .isInstanceOf(HubException.class);
  }

  @Test
  void curesDamageOnTheWayByAnotherTry() throws IOException {
    byte[] damaged = WEIGHTS.clone();
    damaged[77] ^= 1;
    hub.thenDownload(bytes(damaged));

    Path directory = client().build().download(REPOSITORY);

    assertThat(directory.resolve("model.safetensors")).hasBinaryContent(WEIGHTS);
  }

  @Test
  void takesTheChecksumFromTheAnswerWhereTheListHasNone() throws IOException {
    String list =
        "{\"sha\":\"%s\",\"siblings\":[{\"rfilename\":\"config.json\"}]}".formatted(COMMIT);
    hub.thenList((exchange, content) -> FakeHub.honest(exchange, list.getBytes()));

    assertThatThrownBy(() -> client().build().download(REPOSITORY))
        .isInstanceOf(HubException.class)
        .hasMessageContaining("no checksum of config.json");
  }

  @ParameterizedTest
  @CsvSource({
    "401, private or gated: set HF_TOKEN",
    "403, private or gated: set HF_TOKEN",
    "404, no such repository",
    "400, answers 400",
  })
  void explainsRefusals(int code, String message) {
    hub.thenList(status(code));

    assertThatThrownBy(() -> client().build().download(REPOSITORY))
        .isInstanceOf(HubException.class)
        .hasMessageContaining(REPOSITORY)
        .hasMessageContaining(message);
    assertThat(pauses).isEmpty();
  }

  @Test
  void waitsAsLongAsTheHubAsks() throws IOException {
    hub.thenList(status(429, "Retry-After", "7"), status(503)).thenDownload(status(429));

    client().build().download(REPOSITORY);

    assertThat(pauses)
        .containsExactly(Duration.ofSeconds(7), Duration.ofSeconds(2), Duration.ofSeconds(1));
  }

  @Test
  void waitsUntilADateThatTheHubNames() throws IOException {
    hub.thenList(status(429, "Retry-After", "Wed, 21 Oct 2015 07:28:00 GMT"));

    client().build().download(REPOSITORY);

    assertThat(pauses).containsExactly(Duration.ZERO);
  }

  @Test
  void leavesALongWaitToTheCaller() {
    hub.thenList(status(429, "Retry-After", "3600"));

    assertThatThrownBy(() -> client().build().download(REPOSITORY))
        .isInstanceOf(HubException.class)
        .hasMessageContaining("come back in 3600 s");
  }

  @Test
  void givesUpAfterItsTries() {
    hub.thenList(status(500), status(500), status(500));

    assertThatThrownBy(() -> client().retries(2).build().download(REPOSITORY))
        .isInstanceOf(HubException.class)
        .hasMessageContaining("can't be reached")
        .hasMessageContaining("offline mode");
  }

  @Test
  void sendsTheTokenToTheHubButNotToWhereItRedirects() throws IOException {
    try (FakeHub elsewhere = new FakeHub().file("model.safetensors", WEIGHTS)) {
      hub.thenDownload(status(302, "Location", elsewhere.uri() + "/far/model.safetensors?signed"));

      Path directory = client().token("secret").build().download(REPOSITORY);

      assertThat(directory.resolve("model.safetensors")).hasBinaryContent(WEIGHTS);
      assertThat(hub.requests())
          .isNotEmpty()
          .allMatch(request -> request.endsWith(" Bearer secret"));
      assertThat(elsewhere.requests()).isNotEmpty().noneMatch(r -> r.contains("secret"));
    }
  }

  @Test
  void refusesRedirectsWithoutEndAndToOtherSchemes() {
    hub.thenList(status(302, "Location", "file:///etc/passwd"));
    assertThatThrownBy(() -> client().build().download(REPOSITORY))
        .hasMessageContaining("redirects from http to file");

    FakeHub.Answer loop = status(302, "Location", "/api/models/owner/model/revision/main");
    FakeHub.Answer[] loops = new FakeHub.Answer[20];
    Arrays.fill(loops, loop);
    hub.thenList(loops);
    assertThatThrownBy(() -> client().build().download(REPOSITORY))
        .hasMessageContaining("redirects without end");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "[]", "{}", "{\"sha\":\"../..\",\"siblings\":[]}", "\u0000"})
  void refusesAnAnswerThatIsNone(String json) {
    hub.thenList((exchange, content) -> FakeHub.honest(exchange, json.getBytes()));

    assertThatThrownBy(() -> client().build().download(REPOSITORY))
        .isInstanceOf(HubException.class)
        .hasMessageContaining(REPOSITORY);
  }

  @Test
  void saysWhereThereIsNoClipModel() throws IOException {
    hub.file("config.json", "{\"model_type\":\"llama\"}");

    assertThatThrownBy(() -> client().build().download(REPOSITORY))
        .isInstanceOf(HubException.class)
        .hasMessageContaining("there is no CLIP model")
        .hasMessageContaining("README.md");
  }

  @Test
  void takesShardsAndOpenClipWhereThereIsNothingElse() throws IOException {
    assertThat(
            WantedFiles.weights(
                List.of("model.safetensors.index.json", "pytorch_model.bin"), true, REPOSITORY))
        .isEqualTo("model.safetensors.index.json");
    assertThat(
            WantedFiles.weights(
                List.of("config.json", "open_clip_config.json", "open_clip_pytorch_model.bin"),
                false,
                REPOSITORY))
        .isEqualTo("open_clip_pytorch_model.bin");
  }

  @ParameterizedTest
  @ValueSource(strings = {"fare4-clip", "../x", "a/b/c", "a/..", "a/b?c", "a/b@../main", "a/b@"})
  void refusesNamesThatAreNone(String name) {
    assertThatThrownBy(() -> client().build().download(name))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void goesThroughTheProxyOfTheJvm() throws IOException {
    ProxySelector before = ProxySelector.getDefault();
    ProxySelector.setDefault(
        ProxySelector.of(new InetSocketAddress("127.0.0.1", hub.uri().getPort())));
    try {
      Path directory =
          client().endpoint(URI.create("http://hub.invalid")).build().download(REPOSITORY);

      assertThat(directory.resolve("model.safetensors")).hasBinaryContent(WEIGHTS);
      assertThat(hub.requests())
          .isNotEmpty()
          .allMatch(request -> request.startsWith("http://hub.invalid/"));
    } finally {
      ProxySelector.setDefault(before);
    }
  }

  @Test
  void keepsATokenFromTravellingInTheClear() {
    assertThatThrownBy(
            () -> client().endpoint(URI.create("http://mirror.example")).token("secret").build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("https only")
        .hasMessageNotContaining("secret");
    assertThatThrownBy(() -> client().endpoint(URI.create("ftp://mirror.example")))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private ModelHub.Builder client() {
    return ModelHub.builder()
        .endpoint(hub.uri())
        .cacheDirectory(cache)
        .offline(false)
        .pause(pauses::add);
  }

  /** Names the range that it continues, as a hub must. */
  private static FakeHub.Answer withRange(FakeHub.Answer answer) {
    return (exchange, content) -> {
      exchange
          .getResponseHeaders()
          .set("Content-Range", "bytes " + FakeHub.from(exchange) + "-99999/100000");
      answer.send(exchange, content);
    };
  }

  private static List<String> names(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }
}
