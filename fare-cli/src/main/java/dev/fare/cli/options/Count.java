package dev.fare.cli.options;

import picocli.CommandLine.TypeConversionException;

/**
 * How many of something, at least one.
 *
 * @param value from 1
 */
public record Count(int value) {

  public static Count parse(String text) {
    try {
      int value = Integer.parseInt(text.strip());
      if (value >= 1) {
        return new Count(value);
      }
    } catch (NumberFormatException e) {
      // refused like a number that is out of range
    }
    throw new TypeConversionException(
        "a count must be a whole number from 1 to " + Integer.MAX_VALUE + ", got " + text);
  }

  /** As the help shows a default. */
  @Override
  public String toString() {
    return Integer.toString(value);
  }
}
