package dev.fare.data;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/** Shell braces as WebDataset's users write them: {@code train-{000..012}.tar}, {@code {a,b}}. */
final class ShardPattern {

  private static final Pattern BRACES = Pattern.compile("\\{([^{}]*)}");
  private static final Pattern RANGE = Pattern.compile("(\\d{1,9})\\.\\.(\\d{1,9})");
  private static final int MAX_SHARDS = 1_000_000;

  private ShardPattern() {}

  /**
   * The names that a pattern stands for, in order.
   *
   * @throws IllegalArgumentException if there are more than a million
   */
  static List<String> expand(String pattern) {
    Matcher braces = BRACES.matcher(pattern);
    if (!braces.find()) {
      return List.of(pattern);
    }
    String head = pattern.substring(0, braces.start());
    List<String> tails = expand(pattern.substring(braces.end()));
    List<String> expanded = new ArrayList<>();
    for (String part : alternatives(braces.group(1), pattern)) {
      checkArgument(
          expanded.size() + tails.size() <= MAX_SHARDS,
          "the pattern %s stands for more than %s files",
          pattern,
          MAX_SHARDS);
      tails.forEach(tail -> expanded.add(head + part + tail));
    }
    return expanded;
  }

  private static List<String> alternatives(String inside, String pattern) {
    Matcher range = RANGE.matcher(inside);
    if (!range.matches()) {
      return Stream.of(inside.split(",", -1)).toList();
    }
    long from = Long.parseLong(range.group(1));
    long to = Long.parseLong(range.group(2));
    checkArgument(from <= to, "the range {%s} of the pattern %s is empty", inside, pattern);
    checkArgument(
        to - from < MAX_SHARDS,
        "the pattern %s stands for more than %s files",
        pattern,
        MAX_SHARDS);
    String digits = "%0" + range.group(1).length() + "d";
    return LongStream.rangeClosed(from, to)
        .mapToObj(number -> String.format(Locale.ROOT, digits, number))
        .toList();
  }
}
