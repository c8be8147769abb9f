package dev.fare.data;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Images that could not be read: each is named once, and too many end the run. */
final class UnreadableImages {

  private static final Logger LOG = LoggerFactory.getLogger(UnreadableImages.class);

  private final ImageDataset data;
  private final double allowedFraction;
  private final Map<Integer, String> reasons = new TreeMap<>();

  /**
   * Nothing unreadable yet.
   *
   * @param allowedFraction of the data's images that may be unreadable, in [0,1]
   */
  UnreadableImages(ImageDataset data, double allowedFraction) {
    this.data = data;
    this.allowedFraction = allowedFraction;
  }

  /**
   * Notes that an image could not be read.
   *
   * @throws UncheckedIOException if that is one too many
   */
  synchronized void add(int index, IOException reason) {
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

  synchronized int count() {
    return reasons.size();
  }
}
