package dev.fare.examples.emoji;

/**
 * Where the artwork lies on the canvas, as the map from canvas to artwork coordinates (both in
 * [0,1] over their square): {@code u = ux·x + uy·y + u0}, {@code v = vx·x + vy·y + v0}.
 */
record Placement(float ux, float uy, float u0, float vx, float vy, float v0) {

  /** A test scene's placement: turned, scaled and moved. */
  static Placement natural(SceneRandom random) {
    return random(random, 0, false);
  }

  /** A training scene's placement, which may be mirrored and, with strength, also distorted. */
  static Placement augmented(SceneRandom random, double strength) {
    return random(random, strength, random.chance(0.5));
  }

  private static Placement random(SceneRandom random, double strength, boolean mirrored) {
    double scale = random.between(0.6 - 0.1 * strength, 1 + 0.05 * strength);
    double limit = Math.toRadians(25 + 5 * strength);
    double angle = random.between(-limit, limit);
    double stretch = Math.exp(random.between(-0.15 * strength, 0.15 * strength));
    double shear = random.between(-0.2 * strength, 0.2 * strength);
    // Beyond the free margin a few per cent of the artwork may be cut off.
    double margin = Math.max(0, 1 - scale) / 2 + 0.03 + 0.05 * strength;
    double x = 0.5 + random.between(-margin, margin);
    double y = 0.5 + random.between(-margin, margin);
    double width = scale * stretch * (mirrored ? -1 : 1);
    double height = scale / stretch;
    return around(x, y, width, height, angle, shear);
  }

  /** Inverts (u, v) → centre + rotation · shear · (width·(u − ½), height·(v − ½)). */
  private static Placement around(
      double x, double y, double width, double height, double angle, double shear) {
    double cos = Math.cos(angle);
    double sin = Math.sin(angle);
    double ux = (cos + shear * sin) / width;
    double uy = (sin - shear * cos) / width;
    double vx = -sin / height;
    double vy = cos / height;
    return new Placement(
        (float) ux,
        (float) uy,
        (float) (0.5 - ux * x - uy * y),
        (float) vx,
        (float) vy,
        (float) (0.5 - vx * x - vy * y));
  }

  /** Samples along each side of a canvas pixel: one for each artwork pixel it spans, at least 2. */
  int samplesPerSide(int canvas) {
    double span = Math.max(Math.hypot(ux, vx), Math.hypot(uy, vy)) * Artwork.SIZE / canvas;
    return Math.max(2, (int) Math.ceil(span));
  }
}
