package dev.fare.models.hub;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.fare.io.TextFile;
import dev.fare.models.hub.RepositoryInfo.RemoteFile;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Downloads models of Hugging Face's hub into a cache, when {@link #download} is called and at no
 * other time.
 *
 * <p>Every file is checked by size and checksum before it gets its name; a download that broke off
 * goes on where it was. A model that was pinned to a commit is not asked for again. Connections go
 * through the proxy that the JVM is set to. A file in the cache that is not as the hub has it is
 * downloaded again; a hub that sends less than a kilobyte a second over a minute is given up on.
 *
 * <pre>{@code
 * Path directory = ModelHub.builder().build().download("chs20/fare4-clip");
 * }</pre>
 */
public final class ModelHub {

  private static final String DEFAULT_ENDPOINT = "https://huggingface.co";
  private static final String DEFAULT_REVISION = "main";
  private static final int DEFAULT_RETRIES = 5;

  private static final Logger log = LoggerFactory.getLogger(ModelHub.class);

  private final HubConnection connection;
  private final URI endpoint;
  private final Path cacheDirectory;
  private final boolean isOffline;
  private final int retries;
  private final HubListener listener;

  private ModelHub(Builder builder) {
    this.endpoint = requireNonNull(builder.endpoint);
    this.connection = new HubConnection(endpoint, builder.token, builder.pause, builder.pace);
    this.cacheDirectory = requireNonNull(builder.cacheDirectory);
    this.isOffline =
        builder.isOffline != null ? builder.isOffline : builder.environment.isOffline();
    this.retries = builder.retries;
    this.listener = builder.listener;
  }

  /** With the settings of the environment, each of which a setter overrides. */
  public static Builder builder() {
    return builder(new HubEnvironment(System::getenv));
  }

  static Builder builder(HubEnvironment environment) {
    return new Builder(environment);
  }

  /**
   * Downloads the newest state of a model.
   *
   * @param repository as {@code owner/name}, or {@code owner/name@revision}
   * @return a directory to load the model from
   * @throws HubException if it can't be had
   */
  public Path download(String repository) throws IOException {
    int at = repository.indexOf('@');
    return at < 0
        ? download(repository, DEFAULT_REVISION)
        : download(repository.substring(0, at), repository.substring(at + 1));
  }

  /**
   * Downloads a model at a revision: configuration, tokenizer and the best weights that are there,
   * safetensors before pickles.
   *
   * @param repository as {@code owner/name}
   * @param revision a branch, a tag or, to pin the content for good, a commit of 40 digits
   * @return a directory to load the model from
   * @throws IllegalArgumentException if a name is none
   * @throws HubException if it can't be had; what has arrived stays for another try
   * @throws IOException if the cache can't be written
   */
  public Path download(String repository, String revision) throws IOException {
    checkNames(repository, revision);
    HubCache cache = new HubCache(cacheDirectory, repository);
    if (isOffline || revision.matches("[0-9a-f]{40}")) {
      Optional<String> commit = cache.resolve(revision);
      if (commit.isPresent() && !cache.whole(commit.get()).isEmpty()) {
        return cache.snapshot(commit.get());
      }
    }
    if (isOffline) {
      throw new HubException(
          repository
              + ": revision "
              + revision
              + " is not in the cache "
              + cacheDirectory
              + ", or not whole, and offline mode forbids to download it");
    }
    RepositoryInfo info = info(repository, revision);
    if (isComplete(cache, info)) {
      point(cache, revision, info.commit());
      return cache.snapshot(info.commit());
    }
    try (HubCache.Lock lock = cache.lock()) {
      return download(cache, repository, revision, info);
    }
  }

  /** Whether all that this version wants of a commit is here, as the hub has it. */
  private static boolean isComplete(HubCache cache, RepositoryInfo info) throws IOException {
    List<RemoteFile> here = cache.whole(info.commit());
    List<String> names = here.stream().map(RemoteFile::name).toList();
    if (here.isEmpty() || !names.containsAll(WantedFiles.small(info.files().keySet()))) {
      return false;
    }
    for (String name : names) {
      RemoteFile file = info.files().get(name);
      if (file == null || !cache.isWhole(info.commit(), file)) {
        return false;
      }
    }
    return true;
  }

  /** A cache that can't be written serves its models all the same. */
  private static void point(HubCache cache, String revision, String commit) {
    try {
      cache.point(revision, commit);
    } catch (IOException e) {
      log.info(
          "the cache can't be written, {} is not noted as {}: {}", commit, revision, e.toString());
    }
  }

  private Path download(HubCache cache, String repository, String revision, RepositoryInfo info)
      throws IOException {
    log.info("{} at {}: downloading from {}", repository, info.commit(), endpoint);
    Set<String> names = info.files().keySet();
    Path snapshot = cache.snapshot(info.commit());
    List<RemoteFile> files =
        new ArrayList<>(fetch(cache, repository, info, WantedFiles.small(names)));
    String weights =
        WantedFiles.weights(names, isClip(snapshot.resolve("config.json")), repository);
    files.addAll(fetch(cache, repository, info, List.of(weights)));
    List<String> shards = WantedFiles.shards(snapshot.resolve(weights), names, repository);
    files.addAll(fetch(cache, repository, info, shards));
    cache.complete(revision, info.commit(), files);
    return snapshot;
  }

  private RepositoryInfo info(String repository, String revision) throws IOException {
    String path =
        "/api/models/"
            + repository
            + "/revision/"
            + URLEncoder.encode(revision, StandardCharsets.UTF_8)
            + "?blobs=true";
    for (int tries = 1; ; tries++) {
      try {
        return RepositoryInfo.parse(connection.text(path, repository), repository);
      } catch (HubException e) {
        throw e;
      } catch (IOException e) {
        if (tries > retries) {
          throw new HubException(
              repository
                  + ": the hub can't be reached: "
                  + e.getMessage()
                  + "; to use a copy in the cache, set offline mode",
              e);
        }
        connection.waitAfter(e, tries);
      }
    }
  }

  private List<RemoteFile> fetch(
      HubCache cache, String repository, RepositoryInfo info, List<String> names)
      throws IOException {
    List<RemoteFile> files = new ArrayList<>();
    for (String name : names) {
      RemoteFile file = requireNonNull(info.files().get(name));
      if (cache.isWhole(info.commit(), file)) {
        files.add(file); // Of an earlier try; a damaged file is downloaded again.
        continue;
      }
      String path = "/" + repository + "/resolve/" + info.commit() + "/" + name;
      Path target = cache.snapshot(info.commit()).resolve(name);
      files.add(
          new FileDownload(connection, repository, path, file, listener, retries)
              .to(target, cache.partial(info.commit(), name)));
    }
    return files;
  }

  private static boolean isClip(Path config) throws IOException {
    if (!Files.exists(config)) {
      return false;
    }
    try {
      JsonObject json = JsonParser.parseString(TextFile.read(config)).getAsJsonObject();
      return json.has("model_type") && json.get("model_type").getAsString().startsWith("clip");
    } catch (JsonParseException | IllegalStateException | UnsupportedOperationException e) {
      throw new HubException(config + ": the file is no JSON object", e);
    }
  }

  private static void checkNames(String repository, String revision) {
    String word = "[A-Za-z0-9_][A-Za-z0-9._-]*";
    checkArgument(
        repository.matches(word + "/" + word) && !repository.contains(".."),
        "a model of the hub is named owner/name, got %s",
        repository);
    checkArgument(
        revision.matches(word + "(/" + word + ")*") && !revision.contains(".."),
        "a revision is a branch, a tag or a commit, got %s",
        revision);
  }

  @Override
  public String toString() {
    return "ModelHub[%s, cache %s%s]"
        .formatted(endpoint, cacheDirectory, isOffline ? ", offline" : "");
  }

  /** Settings of a {@link ModelHub}. */
  public static final class Builder {

    private final HubEnvironment environment;
    private @Nullable URI endpoint;
    private @Nullable Path cacheDirectory;
    private @Nullable String token;
    private @Nullable Boolean isOffline;
    private int retries = DEFAULT_RETRIES;
    private HubListener listener = (file, bytes, totalBytes) -> {};
    private HubConnection.Pause pause = duration -> Thread.sleep(duration.toMillis());
    private SlowestPace pace = SlowestPace.DEFAULT;

    private Builder(HubEnvironment environment) {
      this.environment = environment;
    }

    /** The address of the hub or of a mirror; {@code HF_ENDPOINT}, or Hugging Face's. */
    public Builder endpoint(URI endpoint) {
      String scheme = String.valueOf(endpoint.getScheme()).toLowerCase(Locale.ROOT);
      checkArgument(
          endpoint.getRawUserInfo() == null,
          "endpoint must have no user and password in it; give a token instead");
      checkArgument(
          (scheme.equals("http") || scheme.equals("https"))
              && HubConnection.isAddress(endpoint)
              && endpoint.getQuery() == null
              && endpoint.getFragment() == null,
          "endpoint must be a web address such as %s, got %s",
          DEFAULT_ENDPOINT,
          endpoint);
      String rest = endpoint.toString().substring(scheme.length()).replaceAll("/+$", "");
      this.endpoint = URI.create(scheme + rest);
      return this;
    }

    /** Where models are kept; {@code fare/hub} in the user's cache directory. */
    public Builder cacheDirectory(Path cacheDirectory) {
      this.cacheDirectory = requireNonNull(cacheDirectory);
      return this;
    }

    /** For private and gated models; {@code HF_TOKEN}. It is sent to the endpoint only. */
    public Builder token(String token) {
      checkArgument(
          !token.isBlank() && token.matches("[!-~]+"),
          "token must be printable ASCII without spaces and line feeds");
      this.token = token;
      return this;
    }

    /** Whether only the cache may be used; {@code HF_HUB_OFFLINE} of 1 or 0. */
    public Builder offline(boolean offline) {
      this.isOffline = offline;
      return this;
    }

    /** How often to try again when nothing more arrives, or next to nothing; 5. */
    public Builder retries(int retries) {
      checkArgument(retries >= 0, "retries must be 0 or more, got %s", retries);
      this.retries = retries;
      return this;
    }

    /** Who is told about progress. */
    public Builder listener(HubListener listener) {
      this.listener = requireNonNull(listener);
      return this;
    }

    Builder pace(SlowestPace pace) {
      this.pace = pace;
      return this;
    }

    Builder pause(HubConnection.Pause pause) {
      this.pause = pause;
      return this;
    }

    /**
     * Builds it; nothing is opened yet.
     *
     * @throws IllegalArgumentException if a token would travel over an open network unencrypted, or
     *     an environment variable that no setter overrides is not what its setter takes
     */
    public ModelHub build() {
      if (endpoint == null) {
        endpoint(URI.create(DEFAULT_ENDPOINT));
        environment.applyEndpoint(this);
      }
      if (token == null) {
        environment.applyToken(this);
      }
      if (cacheDirectory == null) {
        environment.applyCacheDirectory(this);
      }
      URI address = requireNonNull(endpoint);
      String host = requireNonNull(address.getHost());
      boolean isLocal = host.equals("localhost") || host.startsWith("127.") || host.equals("[::1]");
      checkArgument(
          token == null || isLocal || "https".equals(address.getScheme()),
          "a token may be sent to https only, got the endpoint %s",
          address);
      return new ModelHub(this);
    }
  }
}
