package dev.fare.examples.audit;

import dev.fare.examples.report.ReportModel;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;

/** Where the numbers of an audit come from. */
final class Facts {

  private final Map<String, Map<String, String>> weights = new LinkedHashMap<>();
  private final Map<String, String> origins = new LinkedHashMap<>();
  private final Selection images;
  private final int side;
  private final String pixels;

  Facts(LoadedModels models, Selection images, int side) throws IOException {
    this.images = images;
    this.side = side;
    pixels = images.pixelHash(side);
    for (Map.Entry<String, ModelSource> model : models.sources().entrySet()) {
      ModelSource source = model.getValue();
      weights.put(model.getKey(), source.digests());
      origins.put(
          model.getKey(), source.path() + source.base().map(base -> " on " + base).orElse(""));
    }
  }

  /** What tells this audit's weights and images from another's. */
  String identity() {
    return weights + "\n" + pixels + "\n" + side;
  }

  void addTo(ReportModel.Builder report, ZeroShotAudit.Builder settings) {
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
        .provenance("Settings", "templates", String.join(" | ", settings.templates))
        .provenance("Settings", "seed", settings.seed)
        .environment();
  }
}
