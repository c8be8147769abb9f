package dev.fare.examples.audit;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.base.Preconditions.checkState;

import com.google.common.collect.ImmutableList;
import com.google.common.hash.Hashing;
import dev.fare.ThreatModel;
import dev.fare.attacks.EvaluationAttacks;
import dev.fare.attacks.Objectives;
import dev.fare.attacks.PgdAttack;
import dev.fare.data.ImageDataset;
import dev.fare.data.ImageFolder;
import dev.fare.evaluation.DriftReport;
import dev.fare.evaluation.EmbeddingDrift;
import dev.fare.evaluation.EncoderAttack;
import dev.fare.evaluation.EvaluationAttack;
import dev.fare.evaluation.EvaluationListener;
import dev.fare.evaluation.EvaluationReport;
import dev.fare.evaluation.RobustnessEvaluation;
import dev.fare.evaluation.ThreatResult;
import dev.fare.examples.report.ReportModel;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
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

  private static final List<Double> PAPER_RADII = List.of(2 / 255.0, 4 / 255.0);
  private static final int GALLERY = 6;

  private final Builder settings;

  private ZeroShotAudit(Builder builder) {
    settings = builder;
  }

  /** Starts with a folder's images; its first-level sub-folders are the classes. */
  public static Builder of(Path folder) {
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
    Selection images = Selection.of(settings.data, settings.images).renamed(settings.classNames);
    boolean labelled = !images.classNames().isEmpty();
    try (LoadedModels models = LoadedModels.load(settings.models)) {
      int side = side(images, models.imageSize());
      Facts facts = new Facts(models, images, side);
      ReportModel.Builder report = ReportModel.builder("Robustness of " + models.names());
      report.introduction(introduction(images, side, models.imageSize(), labelled));
      if (labelled) {
        classify(models, images, side, facts, report);
      }
      if (!labelled || settings.drift) {
        report.drift(drift(models, images, side));
      }
      facts.addTo(report, settings);
      return report.build();
    }
  }

  private int side(Selection images, int encoderSize) throws IOException {
    if (settings.imageSize > 0) {
      return settings.imageSize;
    }
    return settings.data instanceof ImageFolder folder
        ? OwnResolution.of(folder, images.indices(), encoderSize)
        : encoderSize;
  }

  private String introduction(Selection images, int side, int encoderSize, boolean labelled) {
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
      LoadedModels models, Selection images, int side, Facts facts, ReportModel.Builder report)
      throws IOException {
    List<String> names = images.classNames();
    List<EvaluationAttack> attacks = attacks(names.size());
    Path journal = journal(facts, names, attacks);
    RobustnessEvaluation.Builder builder =
        RobustnessEvaluation.builder(side)
            .threatModels(settings.threatModels())
            .cascade(settings.cascade)
            .batchSize(settings.batchSize)
            .workers(settings.workers)
            .listener(settings.listener);
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
  private @Nullable Path journal(Facts facts, List<String> names, List<EvaluationAttack> attacks) {
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

  private DriftReport drift(LoadedModels models, Selection images, int side) {
    try (Encoders encoders = Encoders.of(models, side)) {
      EmbeddingDrift.Builder builder =
          EmbeddingDrift.builder(side, encoders.first())
              .threatModels(settings.threatModels())
              .attack(embeddingAttack())
              .batchSize(settings.batchSize)
              .workers(settings.workers)
              .listener(settings.listener);
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
  public static final class Builder {
    private final ImageDataset data;
    final String name;
    final Map<String, ModelSource> models = new LinkedHashMap<>();
    private final List<ThreatModel> threats = new ArrayList<>();
    private final List<EvaluationAttack> attacks = new ArrayList<>();
    List<String> templates = List.of("a photo of a {}");
    private UnaryOperator<String> classNames = folder -> folder.replace('_', ' ');
    private int images = Integer.MAX_VALUE;
    private int imageSize;
    private int batchSize = 32;
    private int workers = 1;
    private int driftSteps = 50;
    private boolean cascade = true;
    private boolean transfer;
    private boolean drift;
    long seed;
    private EvaluationListener listener = progress -> {};
    private @Nullable Path journals;

    private Builder(ImageDataset data, String name) {
      this.data = data;
      this.name = name;
    }

    /**
     * Adds a CLIP; the first is what the others are compared with, the last what the report is
     * about.
     *
     * @param path in any layout that {@code ClipModel.load} reads
     */
    public Builder model(String modelName, Path path) {
      return model(modelName, ModelSource.of(path));
    }

    /** Adds a CLIP, such as a vision tower on its base. */
    public Builder model(String modelName, ModelSource source) {
      checkArgument(
          models.put(modelName, source) == null,
          "there is a model %s already; give each its own name",
          modelName);
      return this;
    }

    /** Adds l∞ threat models, such as {@code 4 / 255.0}; 2/255 and 4/255 if there are none. */
    public Builder linf(double... epsilons) {
      for (double epsilon : epsilons) {
        threats.add(ThreatModel.linf(epsilon));
      }
      return this;
    }

    /** Adds threat models. */
    public Builder threatModels(List<ThreatModel> added) {
      threats.addAll(added);
      return this;
    }

    /** Adds an attack; the protocol's if there are none. */
    public Builder attack(EvaluationAttack attack) {
      attacks.add(attack);
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

    /** How many images are used, spread evenly over the classes; all by default. */
    public Builder images(int count) {
      checkArgument(count >= 1, "images must be at least 1, got %s", count);
      images = count;
      return this;
    }

    /**
     * Side in pixels at which images are attacked; by default their own if all are squares of one
     * size below the encoder's, else the encoder's.
     */
    public Builder imageSize(int side) {
      checkArgument(side >= 1, "imageSize must be at least 1, got %s", side);
      imageSize = side;
      return this;
    }

    /** Images that go through a model at a time; 32 by default. */
    public Builder batchSize(int size) {
      checkArgument(size >= 1, "batchSize must be at least 1, got %s", size);
      batchSize = size;
      return this;
    }

    /** Batches that are worked on at the same time; 1 by default. */
    public Builder workers(int count) {
      checkArgument(count >= 1, "workers must be at least 1, got %s", count);
      workers = count;
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
      checkArgument(count >= 1, "driftSteps must be at least 1, got %s", count);
      driftSteps = count;
      return this;
    }

    /** Where random draws come from; 0 by default. */
    public Builder seed(long value) {
      seed = value;
      return this;
    }

    /** Hears of the progress. */
    public Builder listener(EvaluationListener value) {
      listener = value;
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

    private List<ThreatModel> threatModels() {
      return threats.isEmpty()
          ? PAPER_RADII.stream().map(ThreatModel::linf).collect(ImmutableList.toImmutableList())
          : ImmutableList.copyOf(threats);
    }

    String threatLabels() {
      return threatModels().stream().map(ThreatResult::label).collect(Collectors.joining(", "));
    }

    /**
     * Makes the audit.
     *
     * @throws IllegalStateException without a model
     */
    public ZeroShotAudit build() {
      checkState(!models.isEmpty(), "an audit needs at least one model");
      return new ZeroShotAudit(this);
    }
  }
}
