package dev.fare.evaluation.journal;

import com.google.common.collect.Lists;
import dev.fare.AttackCost;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One pass of a model over some images: knows which are finished, tells the listener, keeps the
 * journal and adds up what it costs.
 */
public final class Phase {

  private static final double NANOS_PER_SECOND = 1e9;

  /** Hears of each batch. */
  public interface Watcher {
    /**
     * A batch is finished.
     *
     * @param phase its name
     * @param done images of the phase that are finished
     * @param total images of the phase
     * @param correct how many of the finished ones are right
     */
    void finished(String phase, int done, int total, int correct);
  }

  /** What a phase belongs to. */
  public record Context(
      String data, String model, List<Integer> labels, EvaluationJournal journal, Watcher watcher) {

    /** What the journal knows of a phase. */
    public List<EvaluationJournal.Entry> known(String key) {
      return journal.known(data, model, key);
    }
  }

  private final Context context;
  private final String name;
  private final String key;
  private final List<Integer> images;
  private final int[] predictions;
  private final Set<Integer> finished = new HashSet<>();
  private final Map<Integer, String> found = new HashMap<>();
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
   * @throws IllegalStateException if the journal speaks of images that there aren't
   */
  public Phase(Context context, String name, String key, List<Integer> images, int[] predictions) {
    this.context = context;
    this.name = name;
    this.key = key;
    this.images = images;
    this.predictions = predictions;
    Set<Integer> wanted = Set.copyOf(images);
    for (EvaluationJournal.Entry entry : context.known(key)) {
      for (int row = 0; row < entry.images().size(); row++) {
        int image = entry.images().get(row);
        if (image >= predictions.length) {
          throw context.journal().damaged("there is no image " + image);
        }
        if (wanted.contains(image)) {
          predictions[image] = entry.predictions().get(row);
          count(image);
          found.put(image, entry.found() == null ? "" : entry.found().get(row));
        }
      }
      cost = cost.plus(entry.cost());
      seconds += entry.seconds();
    }
    started = System.nanoTime();
  }

  /** The images that are left to do. */
  public List<List<Integer>> batches(int batchSize) {
    return Lists.partition(
        images.stream().filter(image -> !finished.contains(image)).toList(), batchSize);
  }

  /** Called when the predictions of a batch are written, one call at a time. */
  public void finish(List<Integer> batch, AttackCost batchCost) {
    add(batch, batchCost, null);
  }

  /**
   * The same where adversarial images are kept.
   *
   * @param checksums of the files of those that were found
   */
  public void finish(List<Integer> batch, AttackCost batchCost, Map<Integer, String> checksums) {
    add(batch, batchCost, batch.stream().map(image -> checksums.getOrDefault(image, "")).toList());
  }

  private void add(List<Integer> batch, AttackCost batchCost, @Nullable List<String> checksums) {
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
                  batchSeconds,
                  checksums));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    context.watcher().finished(name, finished.size(), images.size(), correct);
  }

  private void count(int image) {
    if (finished.add(image)) {
      correct += predictions[image] == context.labels().get(image) ? 1 : 0;
    }
  }

  /** The checksum of the file of each adversarial image that the journal knows. */
  public Map<Integer, String> found() {
    return found;
  }

  /** How many images it goes over. */
  public int size() {
    return images.size();
  }

  public AttackCost cost() {
    return cost;
  }

  public double seconds() {
    return seconds;
  }
}
