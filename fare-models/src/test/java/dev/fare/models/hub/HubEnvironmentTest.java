package dev.fare.models.hub;

import static dev.fare.models.hub.FakeHub.REPOSITORY;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HubEnvironmentTest {

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
  void takesTheLineFeedOfATokenFileOff() throws IOException {
    client("HF_TOKEN", "secret\r\n").endpoint(hub.uri()).build().download(REPOSITORY);

    assertThat(hub.requests()).allMatch(request -> request.endsWith(" Bearer secret"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"sec\nret", "sec ret", "sécret"})
  void neverPrintsAToken(String token) {
    assertThatThrownBy(() -> client("HF_TOKEN", token).endpoint(hub.uri()).build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("HF_TOKEN")
        .hasMessageContaining("printable")
        .hasMessageNotContaining("ret");
  }

  @Test
  void takesTheSlashAtTheEndOfAnEndpointOff() throws IOException {
    client("HF_ENDPOINT", "HTTP" + hub.uri().toString().substring(4) + "//")
        .build()
        .download(REPOSITORY);

    assertThat(hub.requests()).isNotEmpty().noneMatch(request -> request.contains("//"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "huggingface.co",
        "localhost:8080",
        "ftp://huggingface.co",
        "https://",
        "https:huggingface.co",
        "https://huggingface.co:99999",
        "https://huggingface.co?a=b",
        "not an address",
      })
  void namesTheVariableOfAnEndpointThatIsNone(String endpoint) {
    assertThatThrownBy(() -> client("HF_ENDPOINT", endpoint).build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("HF_ENDPOINT")
        .hasMessageContaining(endpoint);
    // a setter overrides the environment, whatever it holds
    client("HF_ENDPOINT", endpoint).endpoint(hub.uri()).build();
  }

  @Test
  void neverPrintsAPassword() {
    assertThatThrownBy(() -> client("HF_ENDPOINT", "https://me:secret@mirror.example").build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("HF_ENDPOINT")
        .hasMessageNotContaining("secret");
  }

  @ParameterizedTest
  @CsvSource({
    "0, false",
    "false, false",
    "no, false",
    "OFF, false",
    "'', false",
    "1, true",
    "True, true",
    "YES, true",
    "on, true",
  })
  void readsWordsForYesAndNo(String value, boolean isOffline) {
    assertThat(new HubEnvironment(Map.of("HF_HUB_OFFLINE", value)::get).isOffline())
        .isEqualTo(isOffline);
  }

  @Test
  void refusesAWordThatIsNeitherYesNorNo() {
    assertThatThrownBy(() -> client("HF_HUB_OFFLINE", "maybe").endpoint(hub.uri()).build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("environment variable HF_HUB_OFFLINE must be 1 or 0, got 'maybe'");
  }

  @Test
  void namesTheVariableOfACacheThatCanNotBe() {
    ModelHub.Builder client =
        ModelHub.builder(new HubEnvironment(Map.of("XDG_CACHE_HOME", "a\0b")::get));

    assertThatThrownBy(() -> client.endpoint(URI.create("https://huggingface.co")).build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("XDG_CACHE_HOME");
  }

  private ModelHub.Builder client(String name, String value) {
    return ModelHub.builder(new HubEnvironment(Map.of(name, value)::get)).cacheDirectory(cache);
  }
}
