package dev.fare.evaluation.drift;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.base.Preconditions.checkState;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import dev.fare.Cosine;
import dev.fare.ImageEncoder;
import dev.fare.ThreatModel;
import dev.fare.data.ImageDataset;
import dev.fare.evaluation.Embeddings;
import dev.fare.evaluation.EvaluationBuilder;
import dev.fare.evaluation.EvaluationPlan;
import dev.fare.evaluation.ImageReader;
import dev.fare.evaluation.NamedEncoder;
import dev.fare.evaluation.statistics.Distribution;
import dev.fare.torch.TensorScope;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * Measures on images without labels how far an attacker can move embeddings away from where a
 * reference encoder puts the clean image: what FARE trains against, as a number for any data.
 *
 * <pre>{@code
 * DriftReport report = EmbeddingDrift.builder(224, original)
 *     .encoder("original", original)
 *     .encoder("FARE", robust)
 *     .attack(EncoderAttack.of("PGD", "50 steps",
 *         threatModel -> PgdAttack.builder(threatModel).steps(50).build(),
 *         Objectives::embeddingDistance))
 *     .linf(4 / 255.0)
 *     .build()
 *     .evaluate("our photographs", ImageFolder.of(folder));
 * }</pre>
 */
public final class EmbeddingDrift {

  private final EvaluationPlan plan;
  private final ImageEncoder reference;
  private final ImmutableList<NamedEncoder> encoders;
  private final ImmutableList<EncoderAttack> attacks;

  private EmbeddingDrift(Builder builder) {
    plan = builder.plan();
    reference = builder.reference;
    encoders = ImmutableList.copyOf(builder.encoders);
    attacks = ImmutableList.copyOf(builder.attacks);
  }

  /**
   * Starts an evaluation.
   *
   * @param imageSize side in pixels at which images are read and attacked
   * @param reference says where a clean image belongs, usually the original encoder
   */
  public static Builder builder(int imageSize, ImageEncoder reference) {
    return new Builder(imageSize, reference);
  }

  /**
   * Attacks every image on every encoder.
   *
   * @param dataSet its name in the report
   * @throws java.io.UncheckedIOException if an image can't be read
   * @throws IllegalStateException if an attack leaves its threat model
   */
  public DriftReport evaluate(String dataSet, ImageDataset data) {
    ImageReader reader = plan.images(data);
    float[][] references = references(reader);
    List<EncoderDrift> results = new ArrayList<>();
    for (NamedEncoder encoder : encoders) {
      try (NDManager manager = plan.open(encoder.encoder().device())) {
        results.add(new Run(dataSet, encoder, reader, manager, references).evaluate());
      }
    }
    return new DriftReport(dataSet, data.description(), settings(), results);
  }

  private float[][] references(ImageReader reader) {
    List<float[]> all = new ArrayList<>();
    try (NDManager manager = plan.open(reference.device())) {
      for (List<Integer> images : reader.batches(plan.batchSize())) {
        try (TensorScope scope = TensorScope.of(manager)) {
          NDArray pixels = reader.pixels(images, scope.manager());
          all.addAll(List.of(Embeddings.of(reference, pixels)));
        }
      }
    }
    return all.toArray(float[][]::new);
  }

  private ImmutableMap<String, String> settings() {
    ImmutableMap.Builder<String, String> settings = ImmutableMap.builder();
    attacks.forEach(attack -> settings.put(attack.name(), attack.settings()));
    return settings.put("image size", plan.imageSize() + " px").buildOrThrow();
  }

  /** One encoder's way through a data set. */
  private final class Run {
    private final String dataSet;
    private final NamedEncoder encoder;
    private final ImageReader reader;
    private final NDManager manager;
    private final float[][] references;

    Run(
        String dataSet,
        NamedEncoder encoder,
        ImageReader reader,
        NDManager manager,
        float[][] references) {
      this.dataSet = dataSet;
      this.encoder = encoder;
      this.reader = reader;
      this.manager = manager;
      this.references = references;
    }

    EncoderDrift evaluate() {
      Drift clean = measure("clean", EncoderBatch::pixels);
      List<ThreatDrift> attacked = new ArrayList<>();
      for (ThreatModel threatModel : plan.threatModels()) {
        for (EncoderAttack attack : attacks) {
          String phase = attack.name() + " at " + threatModel.label();
          Drift drift = measure(phase, batch -> perturb(attack, threatModel, batch));
          attacked.add(new ThreatDrift(threatModel, attack.name(), drift));
        }
      }
      return new EncoderDrift(encoder.name(), clean, attacked);
    }

    private NDArray perturb(EncoderAttack attack, ThreatModel threatModel, EncoderBatch batch) {
      NDArray found = attack.strategy().attack(threatModel, encoder.encoder(), batch).images();
      return threatModel.around(batch.pixels()).admit(attack.name(), found);
    }

    private Drift measure(String phase, Function<EncoderBatch, NDArray> attack) {
      List<Double> cosines = new ArrayList<>();
      List<Double> distances = new ArrayList<>();
      List<float[][]> all =
          plan.forEachBatch(
              dataSet, encoder.name(), phase, reader, images -> embeddings(images, attack));
      for (float[][] batch : all) {
        for (float[] found : batch) {
          float[] wanted = references[cosines.size()];
          cosines.add(Cosine.between(found, wanted));
          distances.add(Embeddings.squaredDistance(found, wanted));
        }
      }
      return new Drift(new Distribution(cosines), new Distribution(distances));
    }

    private float[][] embeddings(List<Integer> images, Function<EncoderBatch, NDArray> attack) {
      float[][] wanted = images.stream().map(image -> references[image]).toArray(float[][]::new);
      try (TensorScope scope = TensorScope.of(manager)) {
        NDArray pixels = reader.pixels(images, scope.manager());
        NDArray embeddings = Embeddings.onDevice(wanted, scope.manager());
        EncoderBatch batch = new EncoderBatch(pixels, embeddings, ImageReader.ids(images));
        return Embeddings.of(encoder.encoder(), attack.apply(batch));
      }
    }
  }

  /** Settings of an {@link EmbeddingDrift}. */
  public static final class Builder extends EvaluationBuilder<Builder> {
    private final ImageEncoder reference;
    private final List<NamedEncoder> encoders = new ArrayList<>();
    private final List<EncoderAttack> attacks = new ArrayList<>();

    private Builder(int imageSize, ImageEncoder reference) {
      super(imageSize);
      this.reference = reference;
    }

    @Override
    protected Builder self() {
      return this;
    }

    /**
     * Adds an encoder.
     *
     * @param name unique, as it should stand in the report
     * @param encoder of the same embedding size as the reference
     */
    public Builder encoder(String name, ImageEncoder encoder) {
      checkArgument(
          encoder.embeddingSize() == reference.embeddingSize(),
          "encoder %s has embeddings of %s numbers, the reference of %s; they can't be compared",
          name,
          encoder.embeddingSize(),
          reference.embeddingSize());
      addNamed("an encoder", encoders, new NamedEncoder(name, encoder), NamedEncoder::name);
      return this;
    }

    /** Adds an attack; its name must be unique. */
    public Builder attack(EncoderAttack attack) {
      addNamed("an attack", attacks, attack, EncoderAttack::name);
      return this;
    }

    /**
     * Makes the evaluation.
     *
     * @throws IllegalStateException without an encoder
     */
    public EmbeddingDrift build() {
      checkState(!encoders.isEmpty(), "an evaluation needs at least one encoder");
      return new EmbeddingDrift(this);
    }
  }
}
