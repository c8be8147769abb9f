package dev.fare.examples.emoji;

/** A colour of a background; components in [0,1]. */
record Colour(float red, float green, float blue) {

  /** Any hue, from grey to saturated, from dark to bright. */
  static Colour random(SceneRandom random) {
    float hue = 6 * random.nextFloat();
    float saturation = random.nextFloat() * random.between(0.3, 1);
    float value = random.between(0.12, 1);
    return new Colour(
        channel(hue, 5, saturation, value),
        channel(hue, 3, saturation, value),
        channel(hue, 1, saturation, value));
  }

  /** The weighted mean of this colour and {@code other}; {@code share} in [0,1] is the other's. */
  void mix(Colour other, float share, float[] rgb) {
    rgb[0] = red + (other.red - red) * share;
    rgb[1] = green + (other.green - green) * share;
    rgb[2] = blue + (other.blue - blue) * share;
  }

  /** Lays this colour over {@code rgb}. */
  void over(float[] rgb, float opacity) {
    rgb[0] += (red - rgb[0]) * opacity;
    rgb[1] += (green - rgb[1]) * opacity;
    rgb[2] += (blue - rgb[2]) * opacity;
  }

  private static float channel(float hue, int shift, float saturation, float value) {
    float k = (shift + hue) % 6;
    float part = Math.max(0, Math.min(1, Math.min(k, 4 - k)));
    return value * (1 - saturation * part);
  }
}
