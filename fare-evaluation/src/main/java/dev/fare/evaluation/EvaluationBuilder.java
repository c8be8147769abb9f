package dev.fare.evaluation;

import static com.google.common.base.Preconditions.checkArgument;

import ai.djl.Device;
import com.google.common.collect.ImmutableList;
import dev.fare.ThreatModel;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What every kind of evaluation can be told.
 *
 * @param <B> the builder itself
 */
public abstract class EvaluationBuilder<B extends EvaluationBuilder<B>> {

  private final int imageSize;
  private int batchSize = 64;
  private Workers workers = new Workers(1);
  private int loaderThreads;
  private EvaluationListener listener = progress -> {};
  private @Nullable Device device;
  private final List<ThreatModel> threatModels = new ArrayList<>();

  protected EvaluationBuilder(int imageSize) {
    checkArgument(imageSize > 0, "imageSize must be positive, got %s", imageSize);
    this.imageSize = imageSize;
  }

  protected abstract B self();

  /** Adds what stands in the report under a name of its own. */
  protected static <T> void addNamed(String kind, List<T> list, T added, Function<T, String> name) {
    checkArgument(
        list.stream().map(name).noneMatch(name.apply(added)::equals),
        "there is %s %s already; give each its own name",
        kind,
        name.apply(added));
    list.add(added);
  }

  /** Adds threat models; each attack runs under each of them. */
  public final B threatModels(List<ThreatModel> added) {
    threatModels.addAll(added);
    return self();
  }

  /**
   * Adds l∞ threat models.
   *
   * @param epsilons radii in pixel space, such as {@code 4 / 255.0}
   */
  public final B linf(double... epsilons) {
    for (double epsilon : epsilons) {
      threatModels.add(ThreatModel.linf(epsilon));
    }
    return self();
  }

  /** Images that go through a model at a time; 64 by default. */
  public final B batchSize(int batchSize) {
    checkArgument(batchSize > 0, "batchSize must be positive, got %s", batchSize);
    this.batchSize = batchSize;
    return self();
  }

  /**
   * Batches that are worked on at the same time, each on a thread of its own; 1 by default: the
   * calling thread. Results don't depend on it, as long as models and attacks may be used from many
   * threads, as the library's own may.
   */
  public final B workers(int workers) {
    checkArgument(workers > 0, "workers must be positive, got %s", workers);
    this.workers = new Workers(workers);
    return self();
  }

  /**
   * Threads that read and decode the images of a batch together; 0 by default: the thread that
   * works on the batch reads them one after the other. Results don't depend on it.
   */
  public final B loaderThreads(int loaderThreads) {
    checkArgument(loaderThreads >= 0, "loaderThreads can't be negative, got %s", loaderThreads);
    this.loaderThreads = loaderThreads;
    return self();
  }

  /** Where the models are; by default where each of them says it is. */
  public final B device(Device device) {
    this.device = device;
    return self();
  }

  /** Hears of the progress. */
  public final B listener(EvaluationListener listener) {
    this.listener = listener;
    return self();
  }

  /** What was said so far. */
  public final EvaluationPlan plan() {
    ImmutableList<ThreatModel> sorted =
        threatModels.stream()
            .distinct()
            .sorted(
                Comparator.comparing(ThreatModel::norm).thenComparingDouble(ThreatModel::epsilon))
            .collect(ImmutableList.toImmutableList());
    return new EvaluationPlan(
        imageSize, batchSize, workers, loaderThreads, sorted, device, listener);
  }
}
