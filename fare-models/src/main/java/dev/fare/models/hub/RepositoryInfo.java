package dev.fare.models.hub;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What the hub says about one revision of a repository.
 *
 * @param commit the revision's full name
 * @param files by name
 */
record RepositoryInfo(String commit, Map<String, RemoteFile> files) {

  RepositoryInfo {
    files = Collections.unmodifiableMap(new LinkedHashMap<>(files));
  }

  /**
   * A file of the repository.
   *
   * @param name in the repository
   * @param size in bytes, where the hub says it
   * @param checksum of the content, where the hub says it
   */
  record RemoteFile(String name, OptionalLong size, Optional<Checksum> checksum) {}

  /** Parses the answer of the hub. */
  static RepositoryInfo parse(String json, String repository) throws HubException {
    try {
      JsonObject root = JsonParser.parseString(json).getAsJsonObject();
      String commit = root.get("sha").getAsString();
      if (!commit.matches("[0-9a-f]{40}")) {
        throw new HubException(repository + ": the hub names no commit but '" + commit + "'");
      }
      Map<String, RemoteFile> files = new LinkedHashMap<>();
      for (JsonElement element : root.getAsJsonArray("siblings")) {
        RemoteFile file = file(element.getAsJsonObject());
        files.put(file.name(), file);
      }
      return new RepositoryInfo(commit, files);
    } catch (JsonParseException
        | IllegalStateException
        | UnsupportedOperationException
        | NumberFormatException
        | ClassCastException
        | NullPointerException e) {
      throw new HubException(repository + ": the hub's answer can't be understood", e);
    }
  }

  private static RemoteFile file(JsonObject json) {
    JsonElement large = json.get("lfs");
    JsonElement size = json.get("size");
    JsonElement hash = json.get("blobId");
    if (large != null && large.isJsonObject()) {
      hash = large.getAsJsonObject().get("sha256");
      size = large.getAsJsonObject().get("size");
    }
    return new RemoteFile(
        json.get("rfilename").getAsString(),
        size == null || size.isJsonNull()
            ? OptionalLong.empty()
            : OptionalLong.of(Math.max(0, size.getAsLong())),
        hash == null || hash.isJsonNull() ? Optional.empty() : Checksum.of(hash.getAsString()));
  }
}
