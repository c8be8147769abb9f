package dev.fare.evaluation.audit;

import dev.fare.models.ClipModel;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;

/** The CLIPs of an audit by their names, in order, and where they came from. */
final class LoadedModels implements AutoCloseable {

  private final Map<String, ModelSource> sources;
  private final Map<String, ClipModel> models = new LinkedHashMap<>();

  private LoadedModels(Map<String, ModelSource> sources) {
    this.sources = sources;
  }

  static LoadedModels load(Map<String, ModelSource> sources) throws IOException {
    LoadedModels loaded = new LoadedModels(sources);
    try {
      for (Map.Entry<String, ModelSource> source : sources.entrySet()) {
        loaded.models.put(source.getKey(), source.getValue().load());
      }
      return loaded;
    } catch (IOException | RuntimeException e) {
      loaded.close();
      throw e;
    }
  }

  Map<String, ModelSource> sources() {
    return sources;
  }

  Map<String, ClipModel> models() {
    return models;
  }

  /** The names as a sentence has them. */
  String names() {
    return String.join(" and ", models.keySet());
  }

  /** The image size of the first model's encoder. */
  int imageSize() {
    return models.values().iterator().next().imageEncoder().imageSize();
  }

  @Override
  public void close() {
    models.values().forEach(ClipModel::close);
  }
}
