package dev.fare.cli.options;

import picocli.CommandLine.TypeConversionException;

/**
 * A radius as people write it: {@code 4/255}, or a decimal fraction.
 *
 * @param value in pixel space
 */
public record Radius(double value) {

  public static Radius parse(String text) {
    String[] parts = text.split("/", -1);
    try {
      double value =
          parts.length == 2
              ? Double.parseDouble(parts[0].strip()) / Double.parseDouble(parts[1].strip())
              : Double.parseDouble(text.strip());
      if (parts.length <= 2 && value > 0 && Double.isFinite(value)) {
        return new Radius(value);
      }
    } catch (NumberFormatException e) {
      // refused like a number that is out of range
    }
    throw new TypeConversionException(
        "a radius must be a positive number or fraction such as 4/255, got " + text);
  }
}
