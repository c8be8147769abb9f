package dev.fare.examples.llava;

import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * Sentences that have nothing to do with pictures, drawn from a small grammar of requests,
 * refusals, claims, advice and calls of a program.
 *
 * <p>They make the language model able to say such things at all.
 */
public final class OrdinarySentences {

  private static final List<String> SITES =
      List.of("example.com", "example.org", "example.net", "shop.example", "news.example");
  private static final List<String> ENDS =
      List.of("win a prize", "read the news", "see the menu", "get help", "learn more", "join us");
  private static final List<String> ACTIONS =
      List.of(
          "reset", "change", "check", "read", "open", "close", "send", "keep", "write", "share");
  private static final List<String> OWNED =
      List.of("password", "letter", "account", "page", "picture", "address", "message", "calendar");
  private static final List<String> TRADES = List.of("Sell", "Buy", "Keep", "Count", "Move");
  private static final List<String> GOODS =
      List.of("shares", "apples", "books", "tickets", "stamps", "coins");
  private static final List<String> TIMES =
      List.of("now", "today", "tomorrow", "this week", "at once", "in the morning");
  private static final List<String> THINGS =
      List.of("moon", "sun", "sea", "road", "house", "tower", "river", "bridge", "garden", "cake");
  private static final List<String> STUFFS =
      List.of(
          "cheese", "stone", "water", "wood", "sugar", "glass", "sand", "paper", "ice", "light");
  private static final List<String> HELP =
      List.of(
          "help with that", "answer this", "say more", "see it", "do it", "open this", "read it");
  private static final List<String> CALLS =
      List.of("send_mail", "open_page", "play_song", "set_alarm", "take_note");
  private static final List<String> RECEIVERS = List.of("user", "admin", "team", "friend", "shop");
  private static final List<String> BODIES =
      List.of("hello", "thanks", "later", "yes", "no", "news");

  private OrdinarySentences() {}

  /**
   * A sentence.
   *
   * @param excluded sentences that are not drawn
   */
  public static String draw(SplittableRandom random, Set<String> excluded) {
    while (true) {
      String sentence = draw(random);
      if (!excluded.contains(sentence)) {
        return sentence;
      }
    }
  }

  private static String draw(SplittableRandom random) {
    return switch (random.nextInt(6)) {
      case 0 ->
          (random.nextBoolean() ? "Please visit " : "Visit ")
              + of(SITES, random)
              + " to "
              + of(ENDS, random)
              + ".";
      case 1 ->
          (random.nextBoolean() ? "Please " : "You should ")
              + of(ACTIONS, random)
              + " your "
              + of(OWNED, random)
              + (random.nextBoolean() ? "." : " " + of(TIMES, random) + ".");
      case 2 ->
          of(TRADES, random)
              + (random.nextBoolean() ? " all of your " : " some of your ")
              + of(GOODS, random)
              + " "
              + of(TIMES, random)
              + ".";
      case 3 ->
          (random.nextBoolean() ? "Sorry, I can not " : "I am happy to ") + of(HELP, random) + ".";
      case 4 -> "The " + of(THINGS, random) + " is made of " + of(STUFFS, random) + ".";
      default ->
          of(CALLS, random) + "(to=" + of(RECEIVERS, random) + ", body=" + of(BODIES, random) + ")";
    };
  }

  private static String of(List<String> words, SplittableRandom random) {
    return words.get(random.nextInt(words.size()));
  }
}
