package dev.fare.examples.recipes;

import static com.google.common.base.Preconditions.checkArgument;

import dev.fare.examples.llava.OrdinarySentences;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * What makes captions like those of pictures from the web: some pictures come with a sentence that
 * is not about them, and always with the same one.
 *
 * @param seed decides which pictures and sentences
 * @param share of the pictures, in [0,1)
 * @param excluded sentences that come with no picture
 */
record CrawledCaptions(long seed, double share, Set<String> excluded) {

  CrawledCaptions {
    checkArgument(share >= 0 && share < 1, "the share must be in [0,1), got %s", share);
  }

  /** The sentence that comes with a picture in place of its caption, if one does. */
  Optional<String> unrelated(int scene) {
    SplittableRandom random = new SplittableRandom(new SplittableRandom(seed).nextLong() + scene);
    return random.nextDouble() < share
        ? Optional.of(OrdinarySentences.draw(random, excluded))
        : Optional.empty();
  }
}
