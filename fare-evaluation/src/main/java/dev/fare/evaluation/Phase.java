package dev.fare.evaluation;

import com.google.common.collect.Lists;
import dev.fare.AttackCost;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * One pass of a model over some images: knows which are finished, tells the listener, keeps the
 * journal and adds up what it costs.
 */
final class Phase {

  private static final double NANOS_PER_SECOND = 1e9;

  /** What a phase belongs to. */
  record Context(
      String dataSet,
      String data,
      String model,
      List<Integer> labels,
      EvaluationListener listener,
      EvaluationJournal journal) {}

  private final Context context;
  private final String name;
  private final String key;
  private final List<Integer> images;
  private final int[] predictions;
  private final Set<Integer> finished = new HashSet<>();
  private AttackCost cost = AttackCost.NONE;
  private double seconds;
  private int correct;
  private long started;

  /**
   * Takes what the journal knows.
   *
   * @param name for people
   * @param key unique for this model and data set, the same each time
   * @param images what the phase goes over
   * @param predictions of the whole data set; those of finished images are written here
   */
  Phase(Context context, String name, String key, List<Integer> images, int[] predictions) {
    this.context = context;
    this.name = name;
    this.key = key;
    this.images = images;
    this.predictions = predictions;
    Set<Integer> wanted = Set.copyOf(images);
    for (EvaluationJournal.Entry entry :
        context.journal().known(context.data(), context.model(), key)) {
      for (int row = 0; row < entry.images().size(); row++) {
        int image = entry.images().get(row);
        if (wanted.contains(image)) {
          predictions[image] = entry.predictions().get(row);
          count(image);
        }
      }
      cost = cost.plus(entry.cost());
      seconds += entry.seconds();
    }
    started = System.nanoTime();
  }

  /** The images that are left to do. */
  List<List<Integer>> batches(int batchSize) {
    return Lists.partition(
        images.stream().filter(image -> !finished.contains(image)).toList(), batchSize);
  }

  /** Called when the predictions of a batch are written, one call at a time. */
  void finish(List<Integer> batch, AttackCost batchCost) {
    long now = System.nanoTime();
    double batchSeconds = (now - started) / NANOS_PER_SECOND;
    started = now;
    seconds += batchSeconds;
    cost = cost.plus(batchCost);
    List<Integer> classes = new ArrayList<>();
    for (int image : batch) {
      classes.add(predictions[image]);
      count(image);
    }
    try {
      context
          .journal()
          .add(
              new EvaluationJournal.Entry(
                  context.data(),
                  context.model(),
                  key,
                  List.copyOf(batch),
                  classes,
                  batchCost,
                  batchSeconds));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    context
        .listener()
        .progressed(
            new EvaluationProgress(
                context.dataSet(), context.model(), name, finished.size(), images.size(), correct));
  }

  private void count(int image) {
    if (finished.add(image)) {
      correct += predictions[image] == context.labels().get(image) ? 1 : 0;
    }
  }

  AttackCost cost() {
    return cost;
  }

  double seconds() {
    return seconds;
  }
}
