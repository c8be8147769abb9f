package dev.fare.evaluation.audit;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.base.Preconditions.checkState;

import com.google.common.collect.ImmutableList;
import dev.fare.ThreatModel;
import dev.fare.evaluation.EvaluationAttack;
import dev.fare.evaluation.EvaluationBuilder;
import dev.fare.evaluation.EvaluationListener;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What every audit can be told.
 *
 * @param <B> the builder itself
 */
public abstract class AuditBuilder<B extends AuditBuilder<B>> {

  private static final List<Double> PAPER_RADII = List.of(2 / 255.0, 4 / 255.0);

  final String name;
  final Map<String, ModelSource> models = new LinkedHashMap<>();
  final List<EvaluationAttack> attacks = new ArrayList<>();
  private final List<ThreatModel> threats = new ArrayList<>();
  int images = Integer.MAX_VALUE;
  int imageSize;
  long seed;
  private int batchSize = 32;
  private int workers = 1;
  private EvaluationListener listener = progress -> {};

  AuditBuilder(String name) {
    this.name = name;
  }

  abstract B self();

  /**
   * Adds a CLIP; the first is what the others are compared with, the last what the report is about.
   *
   * @param path in any layout that {@code ClipModel.load} reads
   */
  public final B model(String modelName, Path path) {
    return model(modelName, ModelSource.of(path));
  }

  /** Adds a CLIP, such as a vision tower on its base. */
  public final B model(String modelName, ModelSource source) {
    checkArgument(
        models.put(modelName, source) == null,
        "there is a model %s already; give each its own name",
        modelName);
    return self();
  }

  /** Adds l∞ threat models, such as {@code 4 / 255.0}; 2/255 and 4/255 if there are none. */
  public final B linf(double... epsilons) {
    for (double epsilon : epsilons) {
      threats.add(ThreatModel.linf(epsilon));
    }
    return self();
  }

  /** Adds threat models. */
  public final B threatModels(List<ThreatModel> added) {
    threats.addAll(added);
    return self();
  }

  /** Adds an attack, instead of the default ones. */
  public final B attack(EvaluationAttack attack) {
    attacks.add(attack);
    return self();
  }

  /** How many images are used, spread evenly over the data; all by default. */
  public final B images(int count) {
    images = positive("images", count);
    return self();
  }

  /**
   * Side in pixels at which images are attacked; by default their own if all are squares of one
   * size below the encoder's, else the encoder's.
   */
  public final B imageSize(int side) {
    imageSize = positive("imageSize", side);
    return self();
  }

  /** Images that go through a model at a time; 32 by default. */
  public final B batchSize(int size) {
    batchSize = positive("batchSize", size);
    return self();
  }

  /** Batches that are worked on at the same time; 1 by default. */
  public final B workers(int count) {
    workers = positive("workers", count);
    return self();
  }

  /** Where random draws come from; 0 by default. */
  public final B seed(long value) {
    seed = value;
    return self();
  }

  /** Hears of the progress. */
  public final B listener(EvaluationListener value) {
    listener = value;
    return self();
  }

  static int positive(String setting, int value) {
    checkArgument(value >= 1, "%s must be at least 1, got %s", setting, value);
    return value;
  }

  final List<ThreatModel> threatModels() {
    return threats.isEmpty()
        ? PAPER_RADII.stream().map(ThreatModel::linf).collect(ImmutableList.toImmutableList())
        : ImmutableList.copyOf(threats);
  }

  final String threatLabels() {
    return threatModels().stream().map(ThreatModel::label).collect(Collectors.joining(", "));
  }

  /** Tells an evaluation what it has in common with the others. */
  final <E extends EvaluationBuilder<E>> E describe(E evaluation) {
    return evaluation
        .threatModels(threatModels())
        .batchSize(batchSize)
        .workers(workers)
        .listener(listener);
  }

  final void checkModels() {
    checkState(!models.isEmpty(), "an audit needs at least one model");
  }
}
