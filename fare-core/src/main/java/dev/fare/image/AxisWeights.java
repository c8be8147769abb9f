package dev.fare.image;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.Arrays;

/**
 * For each output position of one axis: the first source sample it reads and the weights from there
 * on. The weights are computed in double precision in Pillow's order of operations, so that their
 * rounding to fixed point agrees bit for bit.
 */
final class AxisWeights {
  /** An 8-bit result, and two bits of head room for the filter's overshoot, in 32 bits. */
  static final int FRACTION_BITS = 32 - 8 - 2;

  /** About four for each source sample: a side of four million pixels, 200 MB of weights. */
  private static final int MAX_WEIGHTS = 1 << 24;

  private final int taps;
  private final int[] firsts;
  private final int[] counts;
  private final double[] weights;

  private AxisWeights(int outputs, int taps) {
    this.taps = taps;
    firsts = new int[outputs];
    counts = new int[outputs];
    weights = new double[Math.multiplyExact(outputs, taps)];
  }

  /** Weights of the outputs {@code from} (inclusive) to {@code to} (exclusive) only. */
  static AxisWeights of(Interpolation filter, int sourceSize, int targetSize, int from, int to) {
    double scale = (double) sourceSize / targetSize;
    double filterScale = Math.max(scale, 1);
    double support = filter.support() * filterScale;
    int taps = (int) Math.ceil(support) * 2 + 1;
    checkArgument(
        (long) taps * (to - from) <= MAX_WEIGHTS,
        "a side of %s pixels can't be resized to %s: that takes more than %s weights",
        sourceSize,
        targetSize,
        MAX_WEIGHTS);
    AxisWeights axis = new AxisWeights(to - from, taps);
    for (int output = from; output < to; output++) {
      double center = (output + 0.5) * scale;
      int first = Math.max(0, (int) (center - support + 0.5));
      int end = Math.min(sourceSize, (int) (center + support + 0.5));
      axis.set(output - from, first, end - first, center, 1 / filterScale, filter);
    }
    return axis;
  }

  private void set(
      int output, int first, int count, double center, double inverseScale, Interpolation filter) {
    firsts[output] = first;
    counts[output] = count;
    int base = output * taps;
    double sum = 0;
    for (int tap = 0; tap < count; tap++) {
      double weight = filter.weight((tap + first - center + 0.5) * inverseScale);
      weights[base + tap] = weight;
      sum += weight;
    }
    if (sum != 0) {
      for (int tap = 0; tap < count; tap++) {
        weights[base + tap] /= sum;
      }
    }
  }

  int outputs() {
    return firsts.length;
  }

  int taps() {
    return taps;
  }

  int first(int output) {
    return firsts[output];
  }

  int count(int output) {
    return counts[output];
  }

  /** The weight of an output's tap, {@code 0 <= tap < count(output)}. */
  double weight(int output, int tap) {
    return weights[output * taps + tap];
  }

  /** All weights in fixed point, {@code [outputs, taps]}, rounded half away from zero. */
  int[] fixedPoint() {
    int[] fixed = new int[weights.length];
    Arrays.setAll(
        fixed,
        i -> {
          double scaled = weights[i] * (1 << FRACTION_BITS);
          return (int) (weights[i] < 0 ? scaled - 0.5 : scaled + 0.5);
        });
    return fixed;
  }

  /** First source sample that any output reads. */
  int firstNeeded() {
    return firsts[0];
  }

  /** One past the last source sample that any output reads. */
  int endNeeded() {
    int last = firsts.length - 1;
    return firsts[last] + counts[last];
  }
}
