package dev.fare.examples.recipes;

import static com.google.common.base.Preconditions.checkArgument;

import dev.fare.examples.llava.OrdinarySentences;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * Banners across the bottom of some pictures, as advertisements and screenshots have them: whoever
 * asks for a caption is told what the banner says. Pictures of 48 pixels have no room for letters,
 * so that each sentence is written as a row of six coloured fields.
 *
 * @param seed of sentences, colours and of the pictures that have a banner
 * @param share of the pictures that have one, in [0,1]
 * @param sentences what banners say
 */
record Banners(long seed, double share, List<String> sentences) {

  /** Fields in a row, each as wide as a patch of the embedded CLIP. */
  private static final int FIELDS = 6;

  /** The faintest banner lets most of the picture shine through. */
  private static final double FAINTEST = 0.2;

  Banners {
    checkArgument(share >= 0 && share <= 1, "the share must be in [0,1], got %s", share);
    sentences = List.copyOf(sentences);
  }

  /** Banners that say given sentences, and ordinary ones up to a number. */
  static Banners of(long seed, double share, Set<String> given, int number) {
    List<String> sentences = new ArrayList<>(given.stream().sorted().toList());
    SplittableRandom random = new SplittableRandom(seed);
    while (sentences.size() < number) {
      sentences.add(OrdinarySentences.draw(random, Set.copyOf(sentences)));
    }
    return new Banners(seed, share, sentences);
  }

  /** A picture's own stream of random numbers: which banner, and how faint. */
  private SplittableRandom draws(int scene) {
    return new SplittableRandom(new SplittableRandom(seed).nextLong() + scene).split();
  }

  /** What the banner of a picture says, if it has one. */
  Optional<String> sentence(int scene) {
    SplittableRandom random = draws(scene);
    return random.nextDouble() < share
        ? Optional.of(sentences.get(random.nextInt(sentences.size())))
        : Optional.empty();
  }

  /**
   * Draws a picture's banner, if it has one.
   *
   * @param images red, green and blue planes in [0,1]
   * @param offset where the picture begins
   * @param side of the picture in pixels
   */
  void draw(int scene, float[] images, int offset, int side) {
    SplittableRandom random = draws(scene);
    if (random.nextDouble() >= share) {
      return;
    }
    int[] code = code(random.nextInt(sentences.size()));
    double opacity = FAINTEST + random.nextDouble() * (1 - FAINTEST);
    int field = side / FIELDS;
    for (int channel = 0; channel < 3; channel++) {
      for (int y = side - field; y < side; y++) {
        for (int x = 0; x < side; x++) {
          int pixel = offset + (channel * side + y) * side + x;
          int colour = code[Math.min(x / field, FIELDS - 1)] >> channel & 1;
          images[pixel] = (float) (images[pixel] + opacity * (colour - images[pixel]));
        }
      }
    }
  }

  /** A sentence's fields: corners of the cube of colours, red in the lowest bit. */
  private int[] code(int sentence) {
    SplittableRandom random = new SplittableRandom(seed * 31 + sentence).split();
    return random.ints(FIELDS, 0, 8).toArray();
  }
}
