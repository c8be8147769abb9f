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

  /** Of all names together. */
  private static final int MAX_CHARACTERS = 1 << 26;

  private ShardPattern() {}

  /**
   * The names that a pattern stands for, in order.
   *
   * @throws IllegalArgumentException if there are more than a million, or they are too long
   */
  static List<String> expand(String pattern) {
    List<String> expanded = List.of("");
    Matcher braces = BRACES.matcher(pattern);
    int end = 0;
    while (braces.find()) {
      String before = pattern.substring(end, braces.start());
      expanded = joined(expanded, before, alternatives(braces.group(1), pattern), pattern);
      end = braces.end();
    }
    return joined(expanded, pattern.substring(end), List.of(""), pattern);
  }

  /** What is allocated is bounded before it is. */
  private static List<String> joined(
      List<String> heads, String between, List<String> parts, String pattern) {
    long names = (long) heads.size() * parts.size();
    long length = longest(heads) + between.length() + longest(parts);
    checkCount(names, pattern);
    checkArgument(
        names * length <= MAX_CHARACTERS,
        "the names that the pattern %s stands for have more than %s characters",
        shown(pattern),
        MAX_CHARACTERS);
    List<String> joined = new ArrayList<>((int) names);
    heads.forEach(head -> parts.forEach(part -> joined.add(head + between + part)));
    return joined;
  }

  private static long longest(List<String> texts) {
    return texts.stream().mapToInt(String::length).max().orElse(0);
  }

  private static void checkCount(long names, String pattern) {
    checkArgument(
        names <= MAX_SHARDS,
        "the pattern %s stands for more than %s files",
        shown(pattern),
        MAX_SHARDS);
  }

  private static String shown(String pattern) {
    return pattern.length() <= 100 ? pattern : pattern.substring(0, 100) + "…";
  }

  private static List<String> alternatives(String inside, String pattern) {
    Matcher range = RANGE.matcher(inside);
    if (!range.matches()) {
      return Stream.of(inside.split(",", -1)).toList();
    }
    long from = Long.parseLong(range.group(1));
    long to = Long.parseLong(range.group(2));
    checkArgument(from <= to, "the range {%s} of the pattern %s is empty", inside, shown(pattern));
    checkCount(to - from + 1, pattern);
    String digits = "%0" + range.group(1).length() + "d";
    return LongStream.rangeClosed(from, to)
        .mapToObj(number -> String.format(Locale.ROOT, digits, number))
        .toList();
  }
}
