package dev.fare.examples.emoji;

/**
 * An affine change of colour, and a shade that grows across the picture, both applied to
 * premultiplied pixels.
 */
final class ColourJitter {
  static final ColourJitter NONE =
      new ColourJitter(new float[] {1, 0, 0, 0, 1, 0, 0, 0, 1}, 0, 0, 0);

  private static final float[] LUMA = {0.299f, 0.587f, 0.114f};

  private final float[] matrix;
  private final float offset;
  private final float shadeX;
  private final float shadeY;

  private ColourJitter(float[] matrix, float offset, float shadeX, float shadeY) {
    this.matrix = matrix;
    this.offset = offset;
    this.shadeX = shadeX;
    this.shadeY = shadeY;
  }

  /** Draws a change; strength 0 leaves colours as they are, 1 is the strongest. */
  static ColourJitter random(SceneRandom random, double strength) {
    double turn = random.chance(1 - 0.15 * strength) ? 0.4 : 1.5;
    float hue = random.between(-turn * strength, turn * strength);
    boolean grey = random.chance(0.12 * strength);
    float saturation = grey ? 0 : random.between(1 - 0.5 * strength, 1 + 0.6 * strength);
    float contrast = random.between(1 - 0.25 * strength, 1 + 0.35 * strength);
    float brightness = random.between(-0.12 * strength, 0.12 * strength);
    float shade = random.chance(0.5) ? random.between(0, 0.6 * strength) : 0;
    double direction = random.between(0, 2 * Math.PI);
    float[] matrix = saturated(hueRotation(hue), saturation);
    for (int i = 0; i < 9; i++) {
      matrix[i] *= contrast;
    }
    return new ColourJitter(
        matrix,
        0.5f * (1 - contrast) + brightness,
        shade * (float) Math.cos(direction),
        shade * (float) Math.sin(direction));
  }

  /** Changes one premultiplied pixel at (u, v) of the artwork, in [0,1]. */
  void apply(float[] rgba, float u, float v) {
    float alpha = rgba[3];
    float shade = 1 + shadeX * (u - 0.5f) + shadeY * (v - 0.5f);
    float red = rgba[0];
    float green = rgba[1];
    float blue = rgba[2];
    for (int channel = 0; channel < 3; channel++) {
      int row = 3 * channel;
      float value = matrix[row] * red + matrix[row + 1] * green + matrix[row + 2] * blue;
      rgba[channel] = Math.max(0, Math.min(alpha, (value + offset * alpha) * shade));
    }
  }

  /** Rotation of RGB space about the grey axis, by {@code angle} in radians. */
  private static float[] hueRotation(float angle) {
    float cos = (float) Math.cos(angle);
    float same = cos + (1 - cos) / 3;
    float side = (float) Math.sin(angle) / (float) Math.sqrt(3);
    float minus = (1 - cos) / 3 - side;
    float plus = (1 - cos) / 3 + side;
    return new float[] {same, minus, plus, plus, same, minus, minus, plus, same};
  }

  private static float[] saturated(float[] matrix, float saturation) {
    float[] result = new float[9];
    for (int column = 0; column < 3; column++) {
      float luma =
          LUMA[0] * matrix[column] + LUMA[1] * matrix[3 + column] + LUMA[2] * matrix[6 + column];
      for (int row = 0; row < 3; row++) {
        result[3 * row + column] = luma + saturation * (matrix[3 * row + column] - luma);
      }
    }
    return result;
  }
}
