package dev.fare.training;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Images that could not be read: each is named once, and too many end the run. */
final class UnreadableImages {

  private static final Logger LOG = LoggerFactory.getLogger(UnreadableImages.class);

  private final int size;
  private final double allowedFraction;
  private final Map<Integer, String> reasons = new TreeMap<>();

  /**
   * Nothing unreadable yet.
   *
   * @param size images of the data set
   * @param allowedFraction of them that may be unreadable, in [0,1]
   */
  UnreadableImages(int size, double allowedFraction) {
    this.size = size;
    this.allowedFraction = allowedFraction;
  }

  /**
   * Notes that an image could not be read.
   *
   * @throws UncheckedIOException if that is one too many
   */
  synchronized void add(int index, IOException reason) {
    if (reasons.put(index, String.valueOf(reason.getMessage())) == null) {
      LOG.warn("image {} is left out: {}", index, reason.getMessage());
    }
    if (reasons.size() > allowedFraction * size) {
      throw new UncheckedIOException(
          reasons.size()
              + " of "
              + size
              + " images can't be read, and the run allows a fraction of "
              + allowedFraction
              + "; repair them, or raise unreadableFraction. The last one: "
              + reason.getMessage(),
          reason);
    }
  }

  synchronized int count() {
    return reasons.size();
  }
}
