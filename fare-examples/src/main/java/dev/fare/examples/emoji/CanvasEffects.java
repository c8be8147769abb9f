package dev.fare.examples.emoji;

import java.util.Arrays;

/** Training effects on a whole picture [3, size, size] in place: blur, cut-out and noise. */
final class CanvasEffects {
  private CanvasEffects() {}

  /** Each effect is the likelier, the stronger the augmentation is, from 0 to 1. */
  static void apply(SceneRandom random, double strength, float[] image, int offset, int size) {
    if (random.chance(0.3 * strength)) {
      blur(image, offset, size, random.between(0.05, 0.3));
    }
    if (random.chance(0.3 * strength)) {
      cutOut(random, image, offset, size);
    }
    if (random.chance(0.35 * strength)) {
      addNoise(random, image, offset, 3 * size * size, random.between(0.01, 0.12));
    }
  }

  /** The kernel (side, 1 − 2·side, side) along rows and columns; edges repeat. */
  private static void blur(float[] image, int offset, int size, float side) {
    float[] line = new float[size];
    for (int plane = 0; plane < 3; plane++) {
      int start = offset + plane * size * size;
      for (int i = 0; i < size; i++) {
        blurLine(image, start + i * size, 1, line, side);
      }
      for (int i = 0; i < size; i++) {
        blurLine(image, start + i, size, line, side);
      }
    }
  }

  private static void blurLine(float[] image, int start, int step, float[] line, float side) {
    int last = line.length - 1;
    for (int i = 0; i <= last; i++) {
      line[i] = image[start + i * step];
    }
    for (int i = 0; i <= last; i++) {
      float neighbours = line[Math.max(0, i - 1)] + line[Math.min(last, i + 1)];
      image[start + i * step] = line[i] + side * (neighbours - 2 * line[i]);
    }
  }

  private static void cutOut(SceneRandom random, float[] image, int offset, int size) {
    int width = (int) (size * random.between(0.12, 0.4));
    int height = (int) (size * random.between(0.12, 0.4));
    int left = random.nextInt(size - width + 1);
    int top = random.nextInt(size - height + 1);
    float[] rgb = new float[3];
    Colour colour = Colour.random(random);
    colour.mix(colour, 0, rgb);
    for (int plane = 0; plane < 3; plane++) {
      for (int y = top; y < top + height; y++) {
        int row = offset + (plane * size + y) * size;
        Arrays.fill(image, row + left, row + left + width, rgb[plane]);
      }
    }
  }

  /** Triangular noise of the given amplitude, clamped to [0,1]. */
  private static void addNoise(
      SceneRandom random, float[] image, int offset, int count, float amplitude) {
    for (int i = offset; i < offset + count; i++) {
      long bits = random.nextLong();
      float noise = ((bits >>> 40) - (bits & 0xFFFFFF)) * 0x1p-24f;
      image[i] = Math.max(0, Math.min(1, image[i] + amplitude * noise));
    }
  }
}
