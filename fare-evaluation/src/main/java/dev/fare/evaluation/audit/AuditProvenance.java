package dev.fare.evaluation.audit;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import dev.fare.data.ImageDataset;
import dev.fare.evaluation.report.ReportModel;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.util.LinkedHashMap;
import java.util.Map;

/** Where the numbers of an audit come from. */
final class AuditProvenance {

  private final Map<String, Map<String, String>> weights = new LinkedHashMap<>();
  private final Map<String, String> origins = new LinkedHashMap<>();
  private final ImageDataset images;
  private final int side;
  private final String pixels;

  AuditProvenance(LoadedModels models, ImageDataset images, int side) throws IOException {
    this.images = images;
    this.side = side;
    pixels = pixelHash();
    for (Map.Entry<String, ModelSource> model : models.sources().entrySet()) {
      ModelSource source = model.getValue();
      weights.put(model.getKey(), source.digests());
      origins.put(
          model.getKey(), source.path() + source.base().map(base -> " on " + base).orElse(""));
    }
  }

  /** The SHA-256 of all pixels as the models get them, in their order. */
  private String pixelHash() throws IOException {
    Hasher hasher = Hashing.sha256().newHasher();
    FloatBuffer pixels = FloatBuffer.allocate(3 * side * side);
    for (int image = 0; image < images.size(); image++) {
      images.read(image, side, pixels.clear());
      for (float value : pixels.array()) {
        hasher.putFloat(value);
      }
    }
    return hasher.hash().toString();
  }

  /** What tells this audit's weights and images from another's. */
  String identity() {
    return weights + "\n" + pixels + "\n" + side;
  }

  void addTo(ReportModel.Builder report, AuditBuilder<?> settings) {
    weights.forEach(
        (model, files) -> {
          report.provenance("Weights", model, origins.getOrDefault(model, ""));
          files.forEach(
              (file, hash) -> report.provenance("Weights", model + ", SHA-256 of " + file, hash));
        });
    report
        .provenance("Data", "images", images.description())
        .provenance("Data", "pixels, SHA-256", pixels)
        .provenance("Settings", "threat models", settings.threatLabels())
        .provenance("Settings", "seed", settings.seed)
        .environment();
  }
}
