package dev.fare.evaluation.audit;

import com.google.common.hash.Hashing;
import dev.fare.ThreatModel;
import dev.fare.attacks.Objectives;
import dev.fare.attacks.PgdAttack;
import dev.fare.data.ImageDataset;
import dev.fare.data.ImageFolder;
import dev.fare.data.ImageSubset;
import dev.fare.evaluation.EvaluationAttack;
import dev.fare.evaluation.EvaluationAttacks;
import dev.fare.evaluation.EvaluationReport;
import dev.fare.evaluation.RobustnessEvaluation;
import dev.fare.evaluation.drift.DriftReport;
import dev.fare.evaluation.drift.EmbeddingDrift;
import dev.fare.evaluation.drift.EncoderAttack;
import dev.fare.evaluation.report.ReportModel;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * How robust are CLIPs on my images? A folder with a sub-folder for each class and one or more
 * CLIPs in, a report out.
 *
 * <pre>{@code
 * ReportModel report = ZeroShotAudit.of(Path.of("photos"))
 *     .model("original", Path.of("clip-vit-base-patch32"))
 *     .model("FARE", Path.of("fare4-clip-vit-base-patch32"))
 *     .linf(2 / 255.0, 4 / 255.0)
 *     .images(200)
 *     .build()
 *     .run();
 * ReportFiles.write(report, Path.of("report.html"));
 * }</pre>
 *
 * <p>What is not said is the zero-shot protocol of Robust CLIP (section 4.3): a class is the mean
 * of its sentences' unit embeddings; small images are attacked at their own resolution with the
 * enlargement inside the model; APGD on the cross-entropy with five restarts and, from three
 * classes on, targeted APGD; l∞ at 2/255 and 4/255. Of a folder without classes it measures how far
 * an attacker can move the embeddings.
 */
public final class ZeroShotAudit {

  private static final int GALLERY = 6;

  private final Builder settings;

  private ZeroShotAudit(Builder builder) {
    settings = builder;
  }

  /**
   * Starts with a folder's images; its first-level sub-folders are the classes.
   *
   * @throws IOException if the folder can't be listed
   */
  public static Builder of(Path folder) throws IOException {
    return of(ImageFolder.of(folder), folder.getFileName() + "");
  }

  /**
   * Starts with any images.
   *
   * @param name of the data in the report
   */
  public static Builder of(ImageDataset data, String name) {
    return new Builder(data, name);
  }

  /**
   * Attacks the models and puts the report together.
   *
   * @throws IOException if a model or an image can't be read
   * @throws java.io.UncheckedIOException if an image or the journal can't be read or written
   */
  public ReportModel run() throws IOException {
    ImageSubset images =
        ImageSubset.evenly(settings.data, settings.images).classNames(settings.classNames);
    boolean labelled = !images.classNames().isEmpty();
    try (LoadedModels models = LoadedModels.load(settings.models)) {
      int side = OwnResolution.side(settings, images, models);
      AuditProvenance facts = new AuditProvenance(models, images, side);
      ReportModel.Builder report = ReportModel.builder("Robustness of " + models.names());
      report.introduction(introduction(images, side, models.imageSize(), labelled));
      if (labelled) {
        classify(models, images, side, facts, report);
      }
      if (!labelled || settings.drift) {
        report.drift(drift(models, images, side));
      }
      facts.addTo(report, settings);
      report.provenance("Settings", "templates", String.join(" | ", settings.templates));
      return report.build();
    }
  }

  private String introduction(ImageSubset images, int side, int encoderSize, boolean labelled) {
    String what =
        labelled
            ? "%d images of %s in %d classes, recognised by the names of the classes"
                .formatted(images.size(), settings.name, images.classNames().size())
            : "%d images of %s, which have no labels".formatted(images.size(), settings.name);
    String where =
        side == encoderSize
            ? "attacked at the encoder's %d × %d pixels".formatted(side, side)
            : "attacked at their own %d × %d pixels, resized inside the model"
                .formatted(side, side);
    return what + ", " + where + ".";
  }

  private void classify(
      LoadedModels models,
      ImageSubset images,
      int side,
      AuditProvenance facts,
      ReportModel.Builder report)
      throws IOException {
    List<String> names = images.classNames();
    List<EvaluationAttack> attacks = attacks(names.size());
    Path journal = journal(facts, names, attacks);
    RobustnessEvaluation.Builder builder =
        settings.describe(RobustnessEvaluation.builder(side)).cascade(settings.cascade);
    attacks.forEach(builder::attack);
    if (journal != null) {
      builder.journal(journal);
    }
    try (Classifiers classifiers = Classifiers.of(models, names, settings.templates, side)) {
      classifiers.forEach(builder::model);
      RobustnessEvaluation evaluation = builder.build();
      EvaluationReport result = evaluation.evaluate(settings.name, images);
      report.evaluation(result);
      result.settings().forEach((name, value) -> report.provenance("Settings", name, value));
      ThreatModel strongest = strongest();
      String attack = attacks.get(0).name();
      List<Integer> shown = result.rightForAll(GALLERY);
      if (!shown.isEmpty()) {
        report.gallery(evaluation.gallery(images, shown, attack, strongest));
      }
      if (settings.transfer) {
        report.transfer(evaluation.transfer(settings.name, images, attack, strongest));
      }
    }
    if (journal != null) {
      Files.deleteIfExists(journal);
    }
  }

  private List<EvaluationAttack> attacks(int classes) {
    return settings.attacks.isEmpty()
        ? EvaluationAttacks.zeroShotProtocol(classes, settings.seed)
        : List.copyOf(settings.attacks);
  }

  /** The largest radius of the first norm: what the verdict is about. */
  private ThreatModel strongest() {
    List<ThreatModel> all = settings.threatModels();
    return all.stream()
        .filter(threat -> threat.norm() == all.get(0).norm())
        .reduce((a, b) -> a.epsilon() > b.epsilon() ? a : b)
        .orElseThrow();
  }

  /** The name tells weights, data and settings apart, so that only the same audit goes on. */
  private @Nullable Path journal(
      AuditProvenance facts, List<String> names, List<EvaluationAttack> attacks) {
    if (settings.journals == null) {
      return null;
    }
    String identity =
        facts.identity()
            + names
            + settings.templates
            + attacks.stream().map(attack -> attack.name() + attack.settings()).toList()
            + settings.cascade;
    String hash = Hashing.sha256().hashString(identity, StandardCharsets.UTF_8).toString();
    return settings.journals.resolve(".fare-" + hash.substring(0, 12) + ".journal");
  }

  private DriftReport drift(LoadedModels models, ImageSubset images, int side) {
    try (Encoders encoders = Encoders.of(models, side)) {
      EmbeddingDrift.Builder builder =
          settings
              .describe(EmbeddingDrift.builder(side, encoders.first()))
              .attack(embeddingAttack());
      encoders.forEach(builder::encoder);
      return builder.build().evaluate(settings.name, images);
    }
  }

  private EncoderAttack embeddingAttack() {
    return EncoderAttack.of(
        "PGD",
        "squared distance of embeddings, %d steps, seed %d"
            .formatted(settings.driftSteps, settings.seed),
        threat -> PgdAttack.builder(threat).steps(settings.driftSteps).seed(settings.seed).build(),
        Objectives::embeddingDistance);
  }

  /** Settings of a {@link ZeroShotAudit}. */
  public static final class Builder extends AuditBuilder<Builder> {
    private final ImageDataset data;
    private List<String> templates = List.of("a photo of a {}");
    private UnaryOperator<String> classNames = folder -> folder.replace('_', ' ');
    private int driftSteps = 50;
    private boolean cascade = true;
    private boolean transfer;
    private boolean drift;
    private @Nullable Path journals;

    private Builder(ImageDataset data, String name) {
      super(name);
      this.data = data;
    }

    @Override
    protected Builder self() {
      return this;
    }

    /**
     * Sentences in which {@code {}} stands for the class name; "a photo of a {}" by default.
     * Published lists of them raise clean accuracy by some points.
     */
    public Builder templates(List<String> sentences) {
      templates = List.copyOf(sentences);
      return this;
    }

    /** What a class is called, by its folder's name; by default underscores become spaces. */
    public Builder classNames(UnaryOperator<String> names) {
      classNames = names;
      return this;
    }

    /**
     * Whether an attack runs only on images that no attack before it changed, as published and by
     * default; the worst case is the same without, and every attack gets its own accuracy.
     */
    public Builder cascade(boolean value) {
      cascade = value;
      return this;
    }

    /** Also shows images made against each model to the others; off by default. */
    public Builder transfer(boolean value) {
      transfer = value;
      return this;
    }

    /** Also measures how far embeddings move; off by default where there are classes. */
    public Builder drift(boolean value) {
      drift = value;
      return this;
    }

    /** Iterations of the attack on embeddings; 50 by default. */
    public Builder driftSteps(int count) {
      driftSteps = positive("driftSteps", count);
      return this;
    }

    /**
     * Keeps what is finished in a file of this directory until the audit is done, and goes on from
     * there if it was stopped; off by default.
     */
    public Builder resumeIn(Path directory) {
      journals = directory;
      return this;
    }

    /**
     * Makes the audit.
     *
     * @throws IllegalStateException without a model
     */
    public ZeroShotAudit build() {
      checkModels();
      return new ZeroShotAudit(this);
    }
  }
}
