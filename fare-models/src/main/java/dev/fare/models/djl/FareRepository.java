package dev.fare.models.djl;

import ai.djl.repository.AbstractRepository;
import ai.djl.repository.Artifact;
import ai.djl.repository.MRL;
import ai.djl.repository.Metadata;
import ai.djl.repository.Repository;
import ai.djl.repository.zoo.DefaultModelZoo;
import ai.djl.util.Progress;
import dev.fare.models.djl.FareUrl.Local;
import dev.fare.models.djl.FareUrl.OnHub;
import dev.fare.models.hub.HubException;
import dev.fare.models.hub.HubListener;
import dev.fare.models.hub.ModelHub;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** The one model that a {@code fare://} URL names. */
final class FareRepository extends AbstractRepository {

  static final String SCHEME = "fare";

  private final FareUrl url;
  private final UnaryOperator<ModelHub.Builder> hubSettings;
  private volatile @Nullable Path downloaded;

  FareRepository(String name, URI uri, UnaryOperator<ModelHub.Builder> hubSettings) {
    super(name, uri);
    url = FareUrl.parse(uri);
    this.hubSettings = hubSettings;
  }

  @Override
  public boolean isRemote() {
    return url.place() instanceof OnHub;
  }

  @Override
  public Metadata locate(MRL mrl) throws IOException {
    if (url.place() instanceof Local local && !Files.exists(local.path())) {
      throw new NoSuchFileException(
          local.path().toAbsolutePath().toString(),
          null,
          "there is no model here; " + getName() + " must name a directory or file");
    }
    Artifact artifact = new Artifact();
    artifact.setName(url.modelName());
    artifact.getArguments().putAll(url.arguments());
    artifact
        .getArguments()
        .putAll(
            Map.of(
                "engine",
                "PyTorch",
                "blockFactory",
                new FareBlockFactory(this),
                "translatorFactory",
                FareTranslatorFactory.class.getName()));
    artifact.setOptions(Map.of("hasParameter", "false")); // the block brings its weights
    Metadata metadata = new Metadata.MatchAllMetadata();
    metadata.setArtifactId(url.modelName());
    metadata.setRepositoryUri(url.uri());
    metadata.setArtifacts(List.of(artifact));
    artifact.setMetadata(metadata);
    return metadata;
  }

  @Override
  public Artifact resolve(MRL mrl, @Nullable Map<String, String> filter) throws IOException {
    return locate(mrl).getArtifacts().get(0);
  }

  @Override
  public void prepare(Artifact artifact, @Nullable Progress progress) throws IOException {
    if (url.place() instanceof OnHub model) {
      ModelHub.Builder hub = hubSettings.apply(ModelHub.builder());
      if (progress != null) {
        hub.listener(new Bar(progress));
      }
      downloaded = hub.build().download(model.name());
    }
  }

  /** The directory or file to load, after {@link #prepare}. */
  Path modelPath() throws IOException {
    if (url.place() instanceof Local local) {
      return local.path();
    }
    return alreadyDownloaded()
        .orElseThrow(() -> new HubException(getName() + " has not been downloaded"));
  }

  private Optional<Path> alreadyDownloaded() throws IOException {
    Path known = downloaded;
    if (known != null) {
      return Optional.of(known);
    }
    ModelHub cache = hubSettings.apply(ModelHub.builder()).offline(true).build();
    try {
      return Optional.of(cache.download(((OnHub) url.place()).name()));
    } catch (HubException e) {
      return Optional.empty();
    }
  }

  /** DJL asks whether this exists to learn whether the model is downloaded. */
  @Override
  public Path getResourceDirectory(Artifact artifact) throws IOException {
    if (url.place() instanceof Local local) {
      return local.path();
    }
    return alreadyDownloaded().orElse(Path.of(url.modelName() + " is not downloaded"));
  }

  @Override
  public Path getCacheDirectory() throws IOException {
    return modelPath();
  }

  @Override
  public List<MRL> getResources() {
    Repository self = this;
    return List.of(MRL.undefined(self, DefaultModelZoo.GROUP_ID, url.modelName()));
  }

  /** Shows each file's progress by DJL's means. */
  private static final class Bar implements HubListener {

    private final Progress progress;
    private String file = "";

    Bar(Progress progress) {
      this.progress = progress;
    }

    @Override
    public void progress(String name, long bytes, long totalBytes) {
      if (!name.equals(file)) {
        file = name;
        progress.reset("Downloading " + name, totalBytes);
      }
      progress.update(bytes);
    }
  }
}
