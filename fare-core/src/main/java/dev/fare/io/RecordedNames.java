package dev.fare.io;

import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * An attack's settings under the names that the first checkpoints and evaluations recorded them by,
 * so that a renamed setting is no other setting.
 */
public final class RecordedNames {

  private static final Map<String, String> RECORDED =
      Map.of(
          "pInit", "initialShare",
          "eotIterations", "gradientsPerStep",
          "useLargerEpsilons", "largerEpsilons",
          "alphaMax", "greatestBias",
          "eta", "overshoot",
          "beta", "backStep");

  private static final Pattern NAMES =
      Pattern.compile("\\b(" + String.join("|", RECORDED.keySet()) + ")(?==)");

  private RecordedNames() {}

  /**
   * The text to compare or to hash.
   *
   * @param settings what an attack's {@code toString} gives, with old names or new ones
   */
  public static String of(String settings) {
    return NAMES.matcher(settings).replaceAll((MatchResult found) -> RECORDED.get(found.group()));
  }
}
