package dev.fare.evaluation.audit;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.fare.ImageEncoder;
import dev.fare.attacks.ApgdAttack;
import dev.fare.attacks.Objectives;
import dev.fare.data.CaptionedImages;
import dev.fare.evaluation.EvaluationAttack;
import dev.fare.evaluation.report.ReportModel;
import dev.fare.evaluation.retrieval.RetrievalEvaluation;
import dev.fare.evaluation.retrieval.RetrievalReport;
import dev.fare.evaluation.retrieval.RetrievalResult;
import dev.fare.models.ClipModel;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Do images still find their captions, and captions their images, when somebody tampers with the
 * images? Images with captions and one or more CLIPs in, a report out.
 *
 * <pre>{@code
 * CaptionedImages data = CaptionedImages.csv(Path.of("captions.csv"));
 * ReportModel report = RetrievalAudit.of(data, "photos")
 *     .model("original", Path.of("clip-vit-base-patch32"))
 *     .model("FARE", Path.of("fare4-clip-vit-base-patch32"))
 *     .images(200)
 *     .build()
 *     .run();
 * ReportFiles.write(report, Path.of("retrieval.html"));
 * }</pre>
 *
 * <p>Each image is pushed away from its own captions and towards the others of the data, by APGD on
 * the cross-entropy with 100 iterations at l∞ 2/255 and 4/255 where nothing else is said; both
 * directions are then looked at with these images. Each CLIP embeds the captions itself.
 */
public final class RetrievalAudit {

  private static final int ITERATIONS = 100;

  private final Builder settings;

  private RetrievalAudit(Builder settings) {
    this.settings = settings;
  }

  /**
   * Starts with images and their captions.
   *
   * @param name of the data in the report
   */
  public static Builder of(CaptionedImages data, String name) {
    return new Builder(data, name);
  }

  /**
   * APGD on the cross-entropy over all captions. It goes on where a wrong caption is first already,
   * because ranks behind the first count, too.
   */
  public static EvaluationAttack attack(int steps, int restarts, long seed) {
    return EvaluationAttack.of(
        "APGD-CE",
        "cross-entropy over all captions, %d iterations, %d restarts, seed %d"
            .formatted(steps, restarts, seed),
        threat -> ApgdAttack.builder(threat).steps(steps).restarts(restarts).seed(seed).build(),
        Objectives::crossEntropy);
  }

  /**
   * Attacks the models and puts the report together.
   *
   * @throws IOException if a model or an image can't be read
   */
  public ReportModel run() throws IOException {
    CaptionedImages data = settings.data.evenly(settings.images);
    try (LoadedModels models = LoadedModels.load(settings.models)) {
      int side = OwnResolution.side(settings, data.images(), models);
      AuditProvenance facts = new AuditProvenance(models, data.images(), side);
      ReportModel.Builder report =
          ReportModel.builder("Retrieval under attack: " + models.names())
              .introduction(
                  "%d images of %s and their %d captions; the images were attacked at %d × %d pixels."
                      .formatted(
                          data.images().size(), settings.name, data.texts().size(), side, side));
      try (Encoders encoders = Encoders.of(models, side)) {
        List<RetrievalReport> results = new ArrayList<>();
        for (Map.Entry<String, ClipModel> model : models.models().entrySet()) {
          ImageEncoder encoder = encoders.get(model.getKey());
          results.add(evaluate(model.getKey(), model.getValue(), encoder, side, data));
        }
        RetrievalReport compared = together(results);
        report.retrieval(compared);
        compared.settings().forEach((name, value) -> report.provenance("Settings", name, value));
      }
      facts.addTo(report, settings);
      return report.build();
    }
  }

  private RetrievalReport evaluate(
      String name, ClipModel clip, ImageEncoder encoder, int side, CaptionedImages data) {
    RetrievalEvaluation.Builder builder =
        settings
            .describe(RetrievalEvaluation.builder(side))
            .encoder(name, encoder)
            .logitScale(clip.logitScale());
    List<EvaluationAttack> attacks =
        settings.attacks.isEmpty()
            ? List.of(attack(ITERATIONS, 1, settings.seed))
            : settings.attacks;
    attacks.forEach(builder::attack);
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
      NDArray texts = manager.create(clip.embedText(data.texts())); // [T,D]
      return builder.build().evaluate(settings.name, data.images(), texts, data.imageOfText());
    }
  }

  /** One report of encoders that were evaluated one by one, each with its own text tower. */
  private static RetrievalReport together(List<RetrievalReport> reports) {
    RetrievalReport first = reports.get(0);
    List<RetrievalResult> encoders =
        reports.stream().flatMap(report -> report.encoders().stream()).toList();
    return new RetrievalReport(
        first.dataSet(), first.data(), first.images(), first.texts(), first.settings(), encoders);
  }

  /** Settings of a {@link RetrievalAudit}. */
  public static final class Builder extends AuditBuilder<Builder> {
    private final CaptionedImages data;

    private Builder(CaptionedImages data, String name) {
      super(name);
      this.data = data;
    }

    @Override
    protected Builder self() {
      return this;
    }

    /**
     * Makes the audit.
     *
     * @throws IllegalStateException without a model
     */
    public RetrievalAudit build() {
      checkModels();
      return new RetrievalAudit(this);
    }
  }
}
