package dev.fare.evaluation;

import static com.google.common.base.Preconditions.checkState;

import ai.djl.ndarray.NDManager;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import dev.fare.Classifier;
import dev.fare.ThreatModel;
import dev.fare.data.ImageDataset;
import dev.fare.evaluation.journal.EvaluationJournal;
import dev.fare.evaluation.journal.Phase;
import dev.fare.evaluation.statistics.Accuracy;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Measures how robust classifiers are: accuracy clean, under each attack, and in the worst case
 * over the attacks, for each threat model.
 *
 * <pre>{@code
 * RobustnessEvaluation evaluation = RobustnessEvaluation.builder(224)
 *     .model("original", original.zeroShotClassifier(names))
 *     .model("FARE", robust.zeroShotClassifier(names))
 *     .attack(EvaluationAttack.of("APGD-CE", "100 steps",
 *         threatModel -> ApgdAttack.builder(threatModel).steps(100).build(),
 *         Objectives::crossEntropy))
 *     .linf(2 / 255.0, 4 / 255.0)
 *     .build();
 * EvaluationReport report = evaluation.evaluate("validation", data);
 * }</pre>
 *
 * <p>An image that is already wrong is not attacked. One that an attack changed at a small radius
 * counts as changed by that attack at every larger radius of the same norm, since the image found
 * lies in the larger ball too; so accuracy never rises with the radius. What an attack returns is
 * not believed: the evaluation checks that the images are inside the threat model and classifies
 * them again.
 *
 * <p>Results don't depend on the batch size or the number of workers, as long as the attack's
 * random draws don't and up to floating-point differences of the model itself. Instances are
 * immutable.
 */
public final class RobustnessEvaluation {

  private final EvaluationPlan plan;
  private final ImmutableList<NamedClassifier> models;
  private final ImmutableList<EvaluationAttack> attacks;
  private final boolean cascade;
  private final @Nullable Path journal;

  private RobustnessEvaluation(Builder builder) {
    plan = builder.plan();
    models = ImmutableList.copyOf(builder.models);
    attacks = ImmutableList.copyOf(builder.attacks);
    cascade = builder.cascade;
    journal = builder.journal;
  }

  /**
   * Starts an evaluation.
   *
   * @param imageSize side in pixels at which images are read and attacked; a model that wants
   *     another size resizes inside, so that ε is about the image itself
   */
  public static Builder builder(int imageSize) {
    return new Builder(imageSize);
  }

  /**
   * Evaluates all models on a data set.
   *
   * @param dataSet its name in the report
   * @param data images with labels
   * @throws IllegalArgumentException if images have no labels, or labels are not classes of a model
   * @throws UncheckedIOException if an image or the journal can't be read or written
   * @throws IllegalStateException if an attack leaves its threat model, or the journal belongs to
   *     another evaluation
   */
  public EvaluationReport evaluate(String dataSet, ImageDataset data) {
    LabelledImages reader = new LabelledImages(plan.images(data));
    List<ModelResult> results = new ArrayList<>();
    String fingerprint = EvaluationJournal.fingerprint(dataSet + '\n' + data.identity());
    try (EvaluationJournal journal = openJournal()) {
      for (NamedClassifier model : models) {
        Phase.Context context =
            new Phase.Context(
                fingerprint,
                model.name(),
                reader.labels(),
                journal,
                (phase, done, total, correct) ->
                    plan.listener()
                        .progressed(
                            new EvaluationProgress(
                                dataSet, model.name(), phase, done, total, correct)));
        try (NDManager manager = plan.open(model.classifier().device())) {
          results.add(new ModelRun(this, context, model, reader, manager).evaluate());
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new EvaluationReport(
        dataSet, data.description(), data.classNames(), reader.labels(), settings(), results);
  }

  /**
   * Attacks a few images on each model in turn and shows the pictures to all models.
   *
   * @param data images with labels and class names
   * @param images indices into the data, for example {@link EvaluationReport#rightForAll}
   * @param attack the name of one of the attacks
   * @param threatModel any threat model
   * @return for each image, one entry for each attacked model
   */
  public List<GalleryEntry> gallery(
      ImageDataset data, List<Integer> images, String attack, ThreatModel threatModel) {
    try (NDManager manager = plan.open(models.get(0).classifier().device())) {
      return new GalleryCapture(this, data, attack(attack), threatModel, manager).capture(images);
    }
  }

  /**
   * Attacks every image on each model and shows it to all models: does an attacker who only has
   * another model succeed? All images are attacked, those that a model gets wrong too.
   *
   * @param dataSet its name in the report
   * @param data images with labels
   * @param attack the name of one of the attacks
   * @param threatModel any threat model
   */
  public TransferMatrix transfer(
      String dataSet, ImageDataset data, String attack, ThreatModel threatModel) {
    LabelledImages reader = new LabelledImages(plan.images(data));
    try (NDManager manager = plan.open(models.get(0).classifier().device())) {
      TransferRun run = new TransferRun(this, attack(attack), threatModel, reader, manager);
      List<List<Accuracy>> rows = models.stream().map(model -> run.row(dataSet, model)).toList();
      return new TransferMatrix(
          dataSet, attack, threatModel, models.stream().map(NamedClassifier::name).toList(), rows);
    }
  }

  private EvaluationJournal openJournal() throws IOException {
    return journal == null
        ? EvaluationJournal.none()
        : EvaluationJournal.open(journal, EvaluationJournal.fingerprint(identity().toString()));
  }

  /** What must be the same for results to be the same, but for the models and the data. */
  private ImmutableMap<String, String> identity() {
    ImmutableMap.Builder<String, String> identity = ImmutableMap.builder();
    attacks.forEach(attack -> identity.put("attack " + attack.name(), attack.settings()));
    return identity
        .put("image size", Integer.toString(plan.imageSize()))
        .put("cascade", Boolean.toString(cascade))
        .buildOrThrow();
  }

  private EvaluationAttack attack(String name) {
    return attacks.stream()
        .filter(candidate -> candidate.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "there is no attack %s; there are %s"
                        .formatted(name, attacks.stream().map(EvaluationAttack::name).toList())));
  }

  private ImmutableMap<String, String> settings() {
    ImmutableMap.Builder<String, String> settings = ImmutableMap.builder();
    attacks.forEach(attack -> settings.put(attack.name(), attack.settings()));
    return settings
        .put("image size", plan.imageSize() + " px")
        .put("batch size", Integer.toString(plan.batchSize()))
        .put(
            "images attacked",
            cascade ? "those that no earlier attack changed" : "those not changed by this attack")
        .buildOrThrow();
  }

  EvaluationPlan plan() {
    return plan;
  }

  ImmutableList<NamedClassifier> models() {
    return models;
  }

  ImmutableList<EvaluationAttack> attacks() {
    return attacks;
  }

  boolean cascade() {
    return cascade;
  }

  /** Settings of a {@link RobustnessEvaluation}. */
  public static final class Builder extends EvaluationBuilder<Builder> {

    private final List<NamedClassifier> models = new ArrayList<>();
    private final List<EvaluationAttack> attacks = new ArrayList<>();
    private boolean cascade;
    private @Nullable Path journal;

    private Builder(int imageSize) {
      super(imageSize);
    }

    @Override
    protected Builder self() {
      return this;
    }

    /**
     * Adds a model.
     *
     * @param name unique, as it should stand in the report
     */
    public Builder model(String name, Classifier classifier) {
      addNamed("a model", models, new NamedClassifier(name, classifier), NamedClassifier::name);
      return this;
    }

    /** Adds an attack; its name must be unique. */
    public Builder attack(EvaluationAttack attack) {
      addNamed("an attack", attacks, attack, EvaluationAttack::name);
      return this;
    }

    /**
     * Whether an attack runs only on images that no attack before it changed. The worst case is the
     * same and cheaper to get; the accuracy under a single attack is then the one under it and all
     * attacks before it. Off by default.
     */
    public Builder cascade(boolean cascade) {
      this.cascade = cascade;
      return this;
    }

    /**
     * Keeps what is finished in a file, a line for each batch, and goes on from there: an
     * evaluation that was stopped gives the result of one that was not. Lines count for a model of
     * the same name, the same data and the same attacks with the same settings, so names and
     * settings must tell different weights and seeds apart.
     */
    public Builder journal(Path journal) {
      this.journal = journal;
      return this;
    }

    /**
     * Makes the evaluation.
     *
     * @throws IllegalStateException without a model, or with attacks but no threat model or the
     *     other way round
     */
    public RobustnessEvaluation build() {
      checkState(!models.isEmpty(), "an evaluation needs at least one model");
      RobustnessEvaluation evaluation = new RobustnessEvaluation(this);
      checkState(
          attacks.isEmpty() == evaluation.plan.threatModels().isEmpty(),
          "attacks and threat models come together, got %s attacks and %s threat models",
          attacks.size(),
          evaluation.plan.threatModels().size());
      return evaluation;
    }
  }
}
