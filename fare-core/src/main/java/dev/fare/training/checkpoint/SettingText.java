package dev.fare.training.checkpoint;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A setting as text, as a checkpoint keeps it to tell whether a run is the same. */
public final class SettingText {

  /**
   * An object's identity and the class of a lambda, which are others each time a JVM starts; an
   * identity has at most eight digits, a hub's revision more.
   */
  private static final Pattern PASSING =
      Pattern.compile("(\\$\\$Lambda[^@,\\]\\s]*)?@[0-9a-f]{1,8}(?!\\w)");

  /** The text of a setting that is not there. */
  public static final String NONE = "none";

  private SettingText() {}

  /**
   * An object's own text, its class where the text is only an identity: the same in every JVM;
   * {@link #NONE} of null.
   */
  public static String of(@Nullable Object value) {
    if (value == null) {
      return NONE;
    }
    Class<?> type = value.getClass();
    String text = value.toString();
    if (text.equals(type.getName() + "@" + Integer.toHexString(value.hashCode()))) {
      String name = type.getSimpleName().replaceAll("\\$.*", "");
      return name.isEmpty() ? type.getName() : name;
    }
    return PASSING.matcher(text).replaceAll("");
  }
}
