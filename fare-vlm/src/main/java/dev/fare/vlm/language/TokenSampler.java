package dev.fare.vlm.language;

import com.google.common.primitives.Ints;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Draws tokens at a temperature; a row has its own random stream, whatever else is in the batch.
 */
final class TokenSampler {

  private final GenerationOptions options;
  private final SplittableRandom[] streams;

  TokenSampler(GenerationOptions options, int rows) {
    this.options = options;
    streams = new SplittableRandom[rows];
    for (int row = 0; row < rows; row++) {
      // a stream of the stream, so that neighbouring seeds and rows have nothing in common
      long start = new SplittableRandom(options.seed()).nextLong() + row;
      streams[row] = new SplittableRandom(start).split();
    }
  }

  /**
   * Draws a token.
   *
   * @param logits of all tokens
   */
  int draw(int row, float[] logits) {
    double largest = Double.NEGATIVE_INFINITY;
    for (float logit : logits) {
      largest = Math.max(largest, logit);
    }
    double[] weights = new double[logits.length];
    double total = 0;
    for (int i = 0; i < weights.length; i++) {
      weights[i] = Math.exp((logits[i] - largest) / options.temperature());
      total += weights[i];
    }
    List<Integer> candidates = Ints.asList(likeliest(weights, options.topP() * total));
    double allowed = candidates.stream().mapToDouble(token -> weights[token]).sum();
    double left = streams[row].nextDouble() * allowed;
    for (int token : candidates) {
      left -= weights[token];
      if (left < 0) {
        return token;
      }
    }
    return candidates.get(candidates.size() - 1);
  }

  /** The fewest tokens whose weights reach a sum, the likeliest first. */
  private static int[] likeliest(double[] weights, double sum) {
    int[] order =
        IntStream.range(0, weights.length)
            .boxed()
            .sorted(Comparator.comparingDouble((Integer token) -> -weights[token]))
            .mapToInt(Integer::intValue)
            .toArray();
    double reached = 0;
    int count = 0;
    while (count < order.length && reached < sum) {
      reached += weights[order[count++]];
    }
    return Arrays.copyOf(order, Math.max(1, count));
  }
}
