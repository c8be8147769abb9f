package dev.fare.models.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.repository.Repository;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;
import dev.fare.models.ClipModel;
import dev.fare.models.RobustClipEncoder;
import dev.fare.models.djl.FareRepositoryFactory;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FareHubUrlTest {

  private static final String URL = "fare://hub/" + FakeHub.REPOSITORY;

  @TempDir Path folder;
  private FakeHub hub;
  private NDManager manager;

  @BeforeEach
  void serveATinyClip() throws Exception {
    manager = NDManager.newBaseManager("PyTorch");
    hub =
        new FakeHub()
            .file("config.json", resource("config.json"))
            .file("model.safetensors", resource("model.safetensors"));
    Repository.registerRepositoryFactory(
        new FareRepositoryFactory(
            settings ->
                settings.endpoint(hub.uri()).cacheDirectory(folder.resolve("cache")).retries(0)));
  }

  @AfterEach
  void restore() {
    Repository.registerRepositoryFactory(new FareRepositoryFactory());
    hub.close();
    manager.close();
  }

  @Test
  void downloadsWhenAskedToLoad() throws Exception {
    Criteria<NDList, NDList> criteria = criteria(URL + "@" + FakeHub.COMMIT);
    assertThat(criteria.isDownloaded()).isFalse();
    assertThat(hub.requests()).isEmpty();

    NDArray pixels = manager.ones(new Shape(2, 3, 32, 32)).mul(0.5);
    NDArray embedding;
    try (ZooModel<NDList, NDList> model = criteria.loadModel();
        Predictor<NDList, NDList> predictor = model.newPredictor()) {
      embedding = predictor.predict(new NDList(pixels)).singletonOrThrow();
    }

    Path local = Files.createDirectory(folder.resolve("local"));
    Files.write(local.resolve("config.json"), resource("config.json"));
    Files.write(local.resolve("model.safetensors"), resource("model.safetensors"));
    try (RobustClipEncoder encoder = RobustClipEncoder.load(local)) {
      assertThat(embedding.toFloatArray())
          .containsExactly(encoder.embed(pixels).toFloatArray(), within(1e-6f));
    }
    int requests = hub.requests().size();
    assertThat(criteria(URL + "@" + FakeHub.COMMIT).isDownloaded()).isTrue();
    assertThat(hub.requests()).hasSize(requests);
  }

  @Test
  void saysWhatTheHubAnswered() {
    hub.thenList(FakeHub.status(401));

    assertThatThrownBy(() -> criteria(URL).loadModel())
        .isInstanceOf(HubException.class)
        .hasMessageContaining(FakeHub.REPOSITORY);
  }

  private static Criteria<NDList, NDList> criteria(String url) {
    return Criteria.builder().setTypes(NDList.class, NDList.class).optModelUrls(url).build();
  }

  private static byte[] resource(String name) throws IOException {
    try (InputStream in =
        Objects.requireNonNull(
            ClipModel.class.getResourceAsStream("format/hf_clip_quick_gelu/" + name))) {
      return in.readAllBytes();
    }
  }
}
