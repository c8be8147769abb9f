package dev.fare.models.djl;

import ai.djl.repository.AbstractRepository;
import ai.djl.repository.Artifact;
import ai.djl.repository.MRL;
import ai.djl.repository.Metadata;
import ai.djl.repository.Repository;
import ai.djl.repository.zoo.DefaultModelZoo;
import ai.djl.util.Progress;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The one model that a {@code fare://} URL names. */
final class FareRepository extends AbstractRepository {

  static final String SCHEME = "fare";

  /** The argument by which the block factory learns the path: DJL passes it the folder alone. */
  static final String LOCATION = "fare.location";

  private final FareUrl url;

  FareRepository(String name, URI uri) {
    this(name, FareUrl.parse(uri));
  }

  private FareRepository(String name, FareUrl url) {
    super(name, url.uri());
    this.url = url;
  }

  @Override
  public boolean isRemote() {
    return false;
  }

  @Override
  public Metadata locate(MRL mrl) throws IOException {
    Path path = url.path();
    if (!Files.exists(path)) {
      throw new NoSuchFileException(
          path.toAbsolutePath().toString(),
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
                LOCATION,
                path.toString(),
                "engine",
                "PyTorch",
                "blockFactory",
                new FareBlockFactory(),
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
  public void prepare(Artifact artifact, @Nullable Progress progress) {
    // the files are where they are
  }

  @Override
  public Path getResourceDirectory(Artifact artifact) {
    return url.path();
  }

  @Override
  public Path getCacheDirectory() {
    return url.path();
  }

  @Override
  public List<MRL> getResources() {
    Repository self = this;
    return List.of(MRL.undefined(self, DefaultModelZoo.GROUP_ID, url.modelName()));
  }
}
