package dev.fare.evaluation.retrieval;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.base.Preconditions.checkState;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.primitives.Ints;
import dev.fare.Classifier;
import dev.fare.ImageEncoder;
import dev.fare.ThreatModel;
import dev.fare.data.ImageDataset;
import dev.fare.evaluation.Embeddings;
import dev.fare.evaluation.EvaluationAttack;
import dev.fare.evaluation.EvaluationBuilder;
import dev.fare.evaluation.EvaluationPlan;
import dev.fare.evaluation.ImageReader;
import dev.fare.evaluation.LabelledBatch;
import dev.fare.evaluation.NamedEncoder;
import dev.fare.torch.TensorScope;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/**
 * Measures image-text retrieval, clean and with attacked images: does an image still find its
 * caption (image to text), does a caption still find its image among attacked ones (text to image)?
 *
 * <p>Attacks are the same as on classifiers. Class i of the attacked classifier is "one of image
 * i's texts" and its logit the highest cosine among them times the logit scale: an attack that
 * misclassifies an image has pushed another image's text to the first place. Every image is
 * attacked, because recall beyond the first place and the other direction are counted too.
 *
 * <p>A right answer that ties with wrong ones is ranked behind them, so an encoder that maps all
 * images to one point gets nothing.
 */
public final class RetrievalEvaluation {

  private final EvaluationPlan plan;
  private final double logitScale;
  private final ImmutableList<Integer> ks;
  private final ImmutableList<NamedEncoder> encoders;
  private final ImmutableList<EvaluationAttack> attacks;

  private RetrievalEvaluation(Builder builder) {
    plan = builder.plan();
    logitScale = builder.logitScale;
    ks = builder.ks;
    encoders = ImmutableList.copyOf(builder.encoders);
    attacks = ImmutableList.copyOf(builder.attacks);
  }

  /**
   * Starts an evaluation.
   *
   * @param imageSize side in pixels at which images are read and attacked
   */
  public static Builder builder(int imageSize) {
    return new Builder(imageSize);
  }

  /**
   * Evaluates all encoders with the texts of one text tower.
   *
   * @param dataSet its name in the report
   * @param textEmbeddings {@code [T,D]}; need not be normalised
   * @param imageOfText for each text the index of its image; every image needs at least one text
   * @throws IllegalArgumentException if texts and images don't fit
   * @throws IllegalStateException if an attack leaves its threat model
   */
  public RetrievalReport evaluate(
      String dataSet, ImageDataset data, NDArray textEmbeddings, int[] imageOfText) {
    ImageReader reader = plan.images(data);
    RetrievalTexts texts = new RetrievalTexts(textEmbeddings, imageOfText, reader.size());
    List<RetrievalResult> results = new ArrayList<>();
    for (NamedEncoder encoder : encoders) {
      try (NDManager manager = plan.open(encoder.encoder().device())) {
        results.add(new Run(dataSet, encoder, reader, texts, manager).evaluate());
      }
    }
    return new RetrievalReport(
        dataSet, data.description(), reader.size(), texts.size(), settings(), results);
  }

  private ImmutableMap<String, String> settings() {
    ImmutableMap.Builder<String, String> settings = ImmutableMap.builder();
    attacks.forEach(attack -> settings.put(attack.name(), attack.settings()));
    return settings
        .put("image size", plan.imageSize() + " px")
        .put("logit scale", Double.toString(logitScale))
        .buildOrThrow();
  }

  /** One encoder's way through a data set. */
  private final class Run {
    private final String dataSet;
    private final NamedEncoder encoder;
    private final ImageReader reader;
    private final RetrievalTexts texts;
    private final NDManager manager;
    private final Classifier classifier;

    Run(
        String dataSet,
        NamedEncoder encoder,
        ImageReader reader,
        RetrievalTexts texts,
        NDManager manager) {
      this.dataSet = dataSet;
      this.encoder = encoder;
      this.reader = reader;
      this.texts = texts;
      this.manager = manager;
      this.classifier = texts.classifier(encoder.encoder(), logitScale, manager);
    }

    RetrievalResult evaluate() {
      RetrievalResult.Directions clean = recall("clean", LabelledBatch::pixels);
      List<RetrievalResult.Attacked> attacked = new ArrayList<>();
      for (ThreatModel threatModel : plan.threatModels()) {
        for (EvaluationAttack attack : attacks) {
          attacked.add(
              new RetrievalResult.Attacked(
                  threatModel, attack.name(), recall(attack, threatModel)));
        }
      }
      return new RetrievalResult(encoder.name(), clean, attacked);
    }

    private RetrievalResult.Directions recall(EvaluationAttack attack, ThreatModel threatModel) {
      return recall(
          attack.name() + " at " + threatModel.label(),
          batch -> attack.run(threatModel, classifier, batch).images());
    }

    private RetrievalResult.Directions recall(
        String phase, Function<LabelledBatch, NDArray> attack) {
      List<float[][]> embeddings =
          plan.forEachBatch(
              dataSet, encoder.name(), phase, reader, images -> embeddings(images, attack));
      return texts.recall(embeddings.stream().flatMap(Arrays::stream).toArray(float[][]::new), ks);
    }

    private float[][] embeddings(List<Integer> images, Function<LabelledBatch, NDArray> attack) {
      try (TensorScope scope = TensorScope.of(manager)) {
        long[] ids = ImageReader.ids(images);
        NDArray labels = scope.manager().create(ids, new Shape(ids.length));
        LabelledBatch batch =
            new LabelledBatch(reader.pixels(images, scope.manager()), labels, ids);
        return Embeddings.of(encoder.encoder(), attack.apply(batch));
      }
    }
  }

  /** Settings of a {@link RetrievalEvaluation}. */
  public static final class Builder extends EvaluationBuilder<Builder> {
    private final List<NamedEncoder> encoders = new ArrayList<>();
    private final List<EvaluationAttack> attacks = new ArrayList<>();
    private ImmutableList<Integer> ks = ImmutableList.of(1, 5, 10);
    private double logitScale = 100;

    private Builder(int imageSize) {
      super(imageSize);
    }

    @Override
    protected Builder self() {
      return this;
    }

    /**
     * Adds an encoder.
     *
     * @param name unique, as it should stand in the report
     */
    public Builder encoder(String name, ImageEncoder encoder) {
      addNamed("an encoder", encoders, new NamedEncoder(name, encoder), NamedEncoder::name);
      return this;
    }

    /** Adds an attack; its name must be unique. */
    public Builder attack(EvaluationAttack attack) {
      addNamed("an attack", attacks, attack, EvaluationAttack::name);
      return this;
    }

    /** How many hits are looked at; 1, 5 and 10 by default. */
    public Builder ks(int... ks) {
      for (int k : ks) {
        checkArgument(k >= 1, "k must be at least 1, got %s", k);
      }
      this.ks = ImmutableList.sortedCopyOf(Ints.asList(ks));
      return this;
    }

    /** What cosines are multiplied with to become logits; 100 by default, as in trained CLIPs. */
    public Builder logitScale(double logitScale) {
      checkArgument(
          logitScale > 0 && Double.isFinite(logitScale),
          "logitScale must be positive and finite, got %s",
          logitScale);
      this.logitScale = logitScale;
      return this;
    }

    /**
     * Makes the evaluation.
     *
     * @throws IllegalStateException without an encoder
     */
    public RetrievalEvaluation build() {
      checkState(!encoders.isEmpty(), "an evaluation needs at least one encoder");
      return new RetrievalEvaluation(this);
    }
  }
}
