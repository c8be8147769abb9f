package dev.fare.evaluation.answers;

import com.google.common.base.Splitter;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSet;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/** Brings answers to the form in which the VQA challenge compares them. */
final class VqaNormalization {

  private static final ImmutableList<String> PUNCTUATION =
      Splitter.fixedLength(1)
          .splitToStream(";/[]\"{}()=+\\_-><@`,?!")
          .collect(ImmutableList.toImmutableList());

  private static final Pattern COMMA_IN_NUMBER = Pattern.compile("\\d,\\d");
  private static final Pattern POINT = Pattern.compile("\\.(?!\\d)");
  private static final Set<String> ARTICLES = ImmutableSet.of("a", "an", "the");
  private static final List<String> NUMBERS =
      List.of(
          "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten");

  /** Contractions that people also write without one of their apostrophes. */
  private static final String CONTRACTIONS =
      "ain't aren't can't could've couldn't couldn't've didn't doesn't don't hadn't hadn't've hasn't"
          + " haven't he'd he'd've he's how'd how'll how's isn't it'd it'd've it'll ma'am mightn't"
          + " mightn't've might've mustn't must've needn't not've o'clock oughtn't 'ow's'at shan't"
          + " she'd've should've shouldn't shouldn't've somebody'd've somebody'll somebody's"
          + " someone'd someone'd've someone'll someone's something'd something'd've something'll"
          + " that's there'd there'd've there're there's they'd they'd've they'll they're they've"
          + " 'twas wasn't we'd've we've weren't what'll what're what's what've when's where'd"
          + " where's where've who'd who'd've who'll who's who've why'll why're why's won't would've"
          + " wouldn't wouldn't've y'all y'all'll y'all'd've you'd you'd've you'll you're you've";

  private static final ImmutableMap<String, String> WORDS = words();

  private VqaNormalization() {}

  private static ImmutableMap<String, String> words() {
    Map<String, String> words = new HashMap<>();
    for (String full : Splitter.on(' ').split(CONTRACTIONS)) {
      for (int at = full.indexOf('\''); at >= 0; at = full.indexOf('\'', at + 1)) {
        words.put(full.substring(0, at) + full.substring(at + 1), full);
      }
    }
    words.put("somebody'd", "somebodyd"); // the challenge's code has this one the other way round
    return ImmutableMap.copyOf(words);
  }

  static String normalize(String answer) {
    String text = answer.replace('\n', ' ').replace('\t', ' ').strip();
    return words(withoutPunctuation(text));
  }

  /**
   * A mark beside a space, or in an answer with a number such as 1,000, goes; others part words.
   */
  private static String withoutPunctuation(String text) {
    boolean hasNumber = COMMA_IN_NUMBER.matcher(text).find();
    String result = text;
    for (String mark : PUNCTUATION) {
      boolean goes = hasNumber || text.contains(mark + " ") || text.contains(" " + mark);
      result = result.replace(mark, goes ? "" : " ");
    }
    return POINT.matcher(result).replaceAll("");
  }

  private static String words(String text) {
    List<String> kept = new ArrayList<>();
    for (String word :
        Splitter.onPattern("\\s+").omitEmptyStrings().split(text.toLowerCase(Locale.ROOT))) {
      int number = word.equals("none") ? 0 : NUMBERS.indexOf(word);
      String plain = number < 0 ? word : Integer.toString(number);
      if (!ARTICLES.contains(plain)) {
        kept.add(WORDS.getOrDefault(plain, plain));
      }
    }
    return String.join(" ", kept);
  }
}
