package dev.fare.data;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.math.BigDecimal;
import java.util.Optional;

/** Labels in JSON: strings or whole numbers. */
final class JsonLabels {

  private JsonLabels() {}

  /**
   * A member as a label; empty where it is absent or null.
   *
   * @throws IllegalArgumentException if it is something else
   */
  static Optional<String> in(JsonObject object, String member) {
    JsonElement label = object.get(member);
    if (label == null || label.isJsonNull()) {
      return Optional.empty();
    }
    boolean isText = label.isJsonPrimitive() && label.getAsJsonPrimitive().isString();
    boolean isNumber = label.isJsonPrimitive() && label.getAsJsonPrimitive().isNumber();
    checkArgument(
        isText || (isNumber && isWhole(label.getAsBigDecimal())),
        "its %s must be a string or a whole number, got %s",
        member,
        label);
    return Optional.of(
        isText ? label.getAsString() : Integer.toString(label.getAsBigDecimal().intValueExact()));
  }

  private static boolean isWhole(BigDecimal number) {
    return number.abs().compareTo(BigDecimal.valueOf(Integer.MAX_VALUE)) <= 0
        && number.stripTrailingZeros().scale() <= 0;
  }
}
