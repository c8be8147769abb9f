package dev.fare.examples.emoji;

/**
 * Where the artwork lies on the canvas, as the map from canvas to artwork coordinates (both in
 * [0,1] over their square): {@code u = ux·x + uy·y + u0}, {@code v = vx·x + vy·y + v0}.
 */
record Placement(float ux, float uy, float u0, float vx, float vy, float v0) {

  static Placement random(SceneFamily family, SceneRandom random) {
    boolean strong = family == SceneFamily.TRAINING;
    double scale = strong ? random.between(0.5, 1.05) : random.between(0.6, 1);
    double limit = Math.toRadians(strong ? 30 : 25);
    double angle = random.between(-limit, limit);
    double stretch = strong ? Math.exp(random.between(-0.15, 0.15)) : 1;
    double shear = strong ? random.between(-0.2, 0.2) : 0;
    boolean mirrored = strong && random.chance(0.5);
    // Beyond the free margin a few per cent of the artwork may be cut off.
    double margin = Math.max(0, 1 - scale) / 2 + (strong ? 0.08 : 0.03);
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
