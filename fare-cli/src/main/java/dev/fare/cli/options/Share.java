package dev.fare.cli.options;

import picocli.CommandLine.TypeConversionException;

/**
 * A share as people write it: a fraction, not per cent.
 *
 * @param value in [0,1]
 */
public record Share(double value) {

  public static Share parse(String text) {
    try {
      double value = Double.parseDouble(text.strip());
      if (value >= 0 && value <= 1) {
        return new Share(value);
      }
    } catch (NumberFormatException e) {
      // refused like a number that is out of range
    }
    throw new TypeConversionException(
        "a share must be a number from 0 to 1, such as 0.3 for 30 %, got " + text);
  }
}
