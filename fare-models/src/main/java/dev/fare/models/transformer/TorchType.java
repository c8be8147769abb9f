package dev.fare.models.transformer;

import dev.fare.Precision;

/** The numbers that TorchScript has for types. */
public final class TorchType {

  private TorchType() {}

  /**
   * The type of matrices in a precision.
   *
   * @throws IllegalArgumentException if the precision is AUTO, which is none yet
   */
  public static int of(Precision precision) {
    return switch (precision) {
      case FLOAT32 -> 6;
      case BFLOAT16 -> 15;
      case FLOAT16 -> 5;
      case AUTO ->
          throw new IllegalArgumentException(
              "the precision must be FLOAT32, BFLOAT16 or FLOAT16 here, got AUTO; choose by device"
                  + " before");
    };
  }
}
