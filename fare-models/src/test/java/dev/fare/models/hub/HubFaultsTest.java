package dev.fare.models.hub;

import static dev.fare.models.hub.FakeHub.COMMIT;
import static dev.fare.models.hub.FakeHub.REPOSITORY;
import static dev.fare.models.hub.FakeHub.status;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Caches that are damaged or can't be written, and hubs that mean no good. */
class HubFaultsTest {

  private static final String INDEX =
      """
      {"metadata": {"total_size": 8}, "weight_map": {
        "logit_scale": "model.safetensors-00001-of-00002.safetensors",
        "visual_projection.weight": "model.safetensors-00002-of-00002.safetensors"}}
      """;

  @TempDir private Path cache;
  private FakeHub hub;

  @BeforeEach
  void start() throws IOException {
    hub = FakeHub.withModel();
  }

  @AfterEach
  void stop() {
    hub.close();
  }

  @Test
  void fetchesTheShardsThatTheIndexNames() throws IOException {
    hub.without("model.safetensors")
        .file("model.safetensors.index.json", INDEX)
        .file("model-00001-of-00001.safetensors", "not named")
        .file("model.safetensors-00001-of-00002.safetensors", "one")
        .file("model.safetensors-00002-of-00002.safetensors", "two");

    Path directory = client().build().download(REPOSITORY);

    assertThat(directory.resolve("model.safetensors-00001-of-00002.safetensors")).hasContent("one");
    assertThat(directory.resolve("model.safetensors-00002-of-00002.safetensors")).hasContent("two");
    assertThat(directory.resolve("model-00001-of-00001.safetensors")).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(strings = {"../config.json", "/etc/passwd", "not-there.safetensors", ""})
  void refusesAnIndexThatNamesWhatIsNotThere(String shard) {
    hub.without("model.safetensors")
        .file("model.safetensors.index.json", "{\"weight_map\": {\"a\": \"%s\"}}".formatted(shard));

    assertThatThrownBy(() -> client().build().download(REPOSITORY))
        .isInstanceOf(HubException.class)
        .hasMessageContaining("names the shard '" + shard + "'");
  }

  @Test
  void fetchesTheFilesOfTransformers5() throws IOException {
    hub.file("processor_config.json", "{}").file("chat_template.jinja", "{{ messages }}");

    Path directory = client().build().download(REPOSITORY);

    assertThat(directory.resolve("processor_config.json")).hasContent("{}");
    assertThat(directory.resolve("chat_template.jinja")).hasContent("{{ messages }}");
  }

  @Test
  void fetchesWhatAnEarlierVersionDidNotWant() throws IOException {
    Path directory = client().build().download(REPOSITORY);
    hub.file("processor_config.json", "{}");

    client().build().download(REPOSITORY);

    assertThat(directory.resolve("processor_config.json")).exists();
  }

  @Test
  void fetchesAnEmptyFile() throws IOException {
    hub.file("tokenizer.json", "");

    assertThat(client().build().download(REPOSITORY).resolve("tokenizer.json")).isEmptyFile();
  }

  @ParameterizedTest
  @ValueSource(strings = {"weightz", "weight", ""})
  void healsADamagedFile(String damaged) throws IOException {
    Path weights = client().build().download(REPOSITORY).resolve("model.safetensors");
    Files.writeString(weights, damaged);

    assertThatThrownBy(() -> client().offline(true).build().download(REPOSITORY))
        .isInstanceOf(HubException.class)
        .hasMessageContaining("not whole");
    client().build().download(REPOSITORY, COMMIT);
    assertThat(weights).hasContent("weights");

    Files.writeString(weights, damaged);
    client().build().download(REPOSITORY);
    assertThat(weights).hasContent("weights");
  }

  @Test
  void healsAFileThatAnEarlierVersionListedByNameAlone() throws IOException {
    Path weights = client().build().download(REPOSITORY).resolve("model.safetensors");
    Files.writeString(list(), "config.json\nmodel.safetensors\n");
    assertThat(client().offline(true).build().download(REPOSITORY)).isEqualTo(weights.getParent());
    Files.writeString(weights, "wrong");

    client().build().download(REPOSITORY);

    assertThat(weights).hasContent("weights");
  }

  @ParameterizedTest
  @ValueSource(strings = {"\0\0\0\0", "", "main", "../../..", "é\uFFFD"})
  void takesADamagedNoteForNone(String note) throws IOException {
    Path directory = client().build().download(REPOSITORY);
    Path ref = cache.resolve("models--owner--model/refs/main");
    Files.writeString(ref, note);

    assertThatThrownBy(() -> client().offline(true).build().download(REPOSITORY))
        .isInstanceOf(HubException.class)
        .hasMessageContaining("not in the cache");
    assertThat(client().build().download(REPOSITORY)).isEqualTo(directory);
    assertThat(ref).hasContent(COMMIT);

    Files.writeString(list(), note);
    assertThat(client().build().download(REPOSITORY)).isEqualTo(directory);
    assertThat(list()).content().startsWith("config.json");
  }

  @Test
  void usesACompleteCacheThatCanNotBeWritten() throws IOException {
    Path directory = client().build().download(REPOSITORY);
    // no folder can be made in the cache, nor a lock: a file has its place, whoever runs this
    Path lock = cache.resolve("models--owner--model/.lock");
    Files.delete(lock);
    Files.createDirectory(lock);
    Files.delete(cache.resolve("models--owner--model/refs/main"));
    Files.delete(cache.resolve("models--owner--model/refs"));
    Files.createFile(cache.resolve("models--owner--model/refs"));

    assertThat(client().build().download(REPOSITORY)).isEqualTo(directory);
    assertThat(client().build().download(REPOSITORY, COMMIT)).isEqualTo(directory);
  }

  @ParameterizedTest
  @ValueSource(strings = {"http:foo", "http://", "http://localhost:99999/", "http:///x", "//"})
  void refusesARedirectToNowhere(String location) {
    hub.thenList(status(302, "Location", location));

    assertThatThrownBy(() -> client().build().download(REPOSITORY))
        .isInstanceOf(HubException.class)
        .hasMessageContaining("redirects to nowhere");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"sha\":\"%s\",\"siblings\":{}}",
        "{\"sha\":\"%s\",\"siblings\":7}",
        "{\"sha\":\"%s\",\"siblings\":[7]}",
        "{\"sha\":\"%s\",\"siblings\":[{\"rfilename\":{}}]}",
        "{\"sha\":\"%s\",\"siblings\":[{\"rfilename\":\"config.json\",\"size\":[]}]}",
        "{\"sha\":\"%s\",\"siblings\":[{\"rfilename\":\"config.json\",\"size\":\"x\"}]}",
        "{\"sha\":\"%s\",\"siblings\":[{\"rfilename\":\"config.json\",\"blobId\":{}}]}",
        "{\"sha\":\"%s\",\"siblings\":[{\"rfilename\":\"config.json\",\"lfs\":{\"size\":{}}}]}",
      })
  void refusesAListThatIsNone(String json) {
    byte[] answer = json.formatted(COMMIT).getBytes();
    hub.thenList((exchange, content) -> FakeHub.honest(exchange, answer));

    assertThatThrownBy(() -> client().build().download(REPOSITORY))
        .isInstanceOf(HubException.class)
        .hasMessageContaining("can't be understood");
  }

  @Test
  void givesUpOnASlowDrip() {
    FakeHub.Answer drip =
        (exchange, content) -> {
          exchange.sendResponseHeaders(200, content.length);
          for (byte value : content) {
            pause(40);
            exchange.getResponseBody().write(value);
            exchange.getResponseBody().flush();
          }
        };
    hub.file("model.safetensors", new byte[2000]).thenDownload(drip, drip, drip);

    assertThatThrownBy(() -> client().retries(2).build().download(REPOSITORY))
        .isInstanceOf(HubException.class)
        .hasMessageContaining("could not be downloaded in 3 tries")
        .hasMessageMatching("(?s).*the hub sent only [0-9]+ bytes in .*");
  }

  @Test
  void givesUpOnAnAnswerThatDoesNotBegin() {
    FakeHub.Answer silence = (exchange, content) -> pause(2_000);
    hub.thenList(silence, silence);

    assertThatThrownBy(() -> client().retries(0).build().download(REPOSITORY))
        .isInstanceOf(HubException.class)
        .hasMessageContaining("can't be reached: the hub did not answer in");
    assertThat(hub.requests()).hasSizeLessThanOrEqualTo(2);
  }

  private ModelHub.Builder client() {
    return ModelHub.builder(new HubEnvironment(name -> null))
        .endpoint(hub.uri())
        .cacheDirectory(cache)
        .pace(new SlowestPace(Duration.ofMillis(300), 1000))
        .pause(duration -> {});
  }

  private Path list() {
    return cache.resolve("models--owner--model/complete/" + COMMIT);
  }

  private static void pause(int millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
