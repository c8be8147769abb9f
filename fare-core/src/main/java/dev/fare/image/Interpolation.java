package dev.fare.image;

/** Pillow's resampling filters that CLIP models use. */
public enum Interpolation {
  /** The nearest source pixel; what Pillow always uses for palette and 1-bit images. */
  NEAREST(0) {
    @Override
    double weight(double distance) {
      throw new IllegalStateException("nearest picks a pixel, it has no weights");
    }
  },

  /** Triangle filter, widened when reducing. */
  BILINEAR(1) {
    @Override
    double weight(double distance) {
      return Math.max(0, 1 - Math.abs(distance));
    }
  },

  /** Cubic convolution with a = -0.5, widened when reducing (antialiased): CLIP's. */
  BICUBIC(2) {
    @Override
    double weight(double distance) {
      double x = Math.abs(distance);
      if (x < 1) {
        return ((A + 2) * x - (A + 3)) * x * x + 1;
      }
      return x < 2 ? (((x - 5) * x + 8) * x - 4) * A : 0;
    }
  };

  private static final double A = -0.5;

  private final double support;

  Interpolation(double support) {
    this.support = support;
  }

  /** Half the filter's width, in source pixels when not reducing. */
  double support() {
    return support;
  }

  /** The filter's value at a distance from its centre. */
  abstract double weight(double distance);
}
