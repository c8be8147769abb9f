package dev.fare.data;

import static com.google.common.base.Preconditions.checkArgument;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Images that could not be read: each is named once in the log, and too many end the run. Safe for
 * use from many threads.
 */
public final class UnreadableImages {

  private static final Logger LOG = LoggerFactory.getLogger(UnreadableImages.class);

  private final ImageDataset data;
  private final double allowedFraction;
  private final Map<Integer, String> reasons = new TreeMap<>();

  /**
   * Nothing unreadable yet.
   *
   * @param allowedFraction of the data's images that may be unreadable, in [0,1]
   */
  public UnreadableImages(ImageDataset data, double allowedFraction) {
    checkArgument(
        allowedFraction >= 0 && allowedFraction <= 1,
        "the allowed fraction of unreadable images must be in [0,1], got %s",
        allowedFraction);
    this.data = data;
    this.allowedFraction = allowedFraction;
  }

  /**
   * Notes that an image could not be read.
   *
   * @throws UncheckedIOException if that is one too many
   */
  public synchronized void add(int index, IOException reason) {
    if (reasons.put(index, String.valueOf(reason.getMessage())) == null) {
      LOG.warn("{} is left out: {}", data.name(index), reason.getMessage());
    }
    if (reasons.size() > allowedFraction * data.size()) {
      throw new UncheckedIOException(
          reasons.size()
              + " of "
              + data.size()
              + " images can't be read, and the run allows a fraction of "
              + allowedFraction
              + "; repair them, or raise unreadableFraction. The last one: "
              + reason.getMessage(),
          reason);
    }
  }

  /** Goes on with images that an earlier part of the run could not read, and has judged. */
  public synchronized void restore(Collection<Integer> indices) {
    indices.forEach(index -> reasons.put(index, "found before"));
  }

  /** Which images could not be read so far, ascending. */
  public synchronized List<Integer> indices() {
    return List.copyOf(reasons.keySet());
  }

  /** How many different images could not be read so far. */
  public synchronized int count() {
    return reasons.size();
  }
}
