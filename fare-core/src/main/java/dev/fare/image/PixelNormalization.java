package dev.fare.image;

import java.util.List;

/**
 * The per-channel shift and scale that a vision tower was trained with: {@code (x − mean) / std}.
 *
 * @param mean of red, green and blue, in [0,1]
 * @param std of red, green and blue, positive
 */
public record PixelNormalization(List<Double> mean, List<Double> std) {

  /** The values of OpenAI's CLIP, which nearly every CLIP uses. */
  public static final PixelNormalization CLIP =
      new PixelNormalization(
          List.of(0.48145466, 0.4578275, 0.40821073), List.of(0.26862954, 0.26130258, 0.27577711));

  /**
   * Copies and checks the values.
   *
   * @throws IllegalArgumentException unless there are three of each and every std is positive
   */
  public PixelNormalization {
    mean = List.copyOf(mean);
    std = List.copyOf(std);
    if (mean.size() != 3 || std.size() != 3 || std.stream().anyMatch(s -> !(s > 0))) {
      throw new IllegalArgumentException(
          "mean and std must have three values each, std positive, got " + mean + " and " + std);
    }
  }
}
