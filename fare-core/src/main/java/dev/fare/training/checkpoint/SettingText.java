package dev.fare.training.checkpoint;

import java.util.regex.Pattern;

/** A setting as text, as a checkpoint keeps it to tell whether a run is the same. */
public final class SettingText {

  /**
   * An object's identity and the class of a lambda, which are others each time a JVM starts; an
   * identity has at most eight digits, a hub's revision more.
   */
  private static final Pattern PASSING =
      Pattern.compile("(\\$\\$Lambda[^@,\\]\\s]*)?@[0-9a-f]{1,8}(?!\\w)");

  private SettingText() {}

  /** An object's own text, its class where the text is only an identity: the same in every JVM. */
  public static String of(Object value) {
    Class<?> type = value.getClass();
    String text = value.toString();
    if (text.equals(type.getName() + "@" + Integer.toHexString(value.hashCode()))) {
      String name = type.getSimpleName().replaceAll("\\$.*", "");
      return name.isEmpty() ? type.getName() : name;
    }
    return PASSING.matcher(text).replaceAll("");
  }
}
