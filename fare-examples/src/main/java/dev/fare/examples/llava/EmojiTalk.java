package dev.fare.examples.llava;

import dev.fare.examples.emoji.EmojiConcept;
import dev.fare.examples.emoji.EmojiPack;
import dev.fare.examples.emoji.EmojiPair;
import dev.fare.examples.emoji.EmojiStyle;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * What is asked and answered about emoji scenes: captions, names, kinds, styles, yes and no. All of
 * it follows from the drawing, so that every sentence can be checked.
 */
public final class EmojiTalk {

  /** The request for a caption, as LLaVA is asked in the paper. */
  public static final String CAPTION = "Provide a short caption for this image.";

  /** The request for a name. */
  public static final String NAME = "What is this?";

  private static final Map<String, String> KINDS =
      Map.of(
          "Animals & Nature", "something that lives",
          "Food & Drink", "something to eat or drink",
          "Objects", "a thing to use",
          "Activities", "something for play and sport",
          "Travel & Places", "a place, a vehicle or the weather");

  private final EmojiPack pack;

  /** Talk about the drawings of a pack. */
  public EmojiTalk(EmojiPack pack) {
    this.pack = pack;
  }

  /** A question and its answer. */
  public record Exchange(String question, String answer) {}

  /** The captions that people might write under a drawing, the plainest first. */
  public List<String> captions(EmojiPair pair) {
    String thing = thing(pair);
    String style = style(pair.style());
    return List.of(
        "a " + style + " drawing of " + thing + ".",
        "this is a picture of " + thing + ".",
        "a picture that shows " + thing + " in a " + style + " style.",
        "an emoji of " + thing + ", " + kind(pair) + ".",
        thing + " drawn in a " + style + " style.");
  }

  /** One of the exchanges about a drawing. */
  public Exchange exchange(EmojiPair pair, SplittableRandom random) {
    return switch (random.nextInt(8)) {
      case 0, 1, 2 -> {
        List<String> captions = captions(pair);
        yield new Exchange(CAPTION, captions.get(0));
      }
      case 3, 4 -> name(pair);
      case 5 -> kindOfThing(pair);
      case 6 -> new Exchange("Describe the image in your words.", described(pair, random));
      default -> yesOrNo(pair, random);
    };
  }

  /** One of the exchanges whose answers are short, as those of the VQA challenge: name or kind. */
  public Exchange shortExchange(EmojiPair pair, SplittableRandom random) {
    return random.nextBoolean() ? name(pair) : kindOfThing(pair);
  }

  private Exchange name(EmojiPair pair) {
    return new Exchange(NAME, "It is " + thing(pair) + ".");
  }

  private Exchange kindOfThing(EmojiPair pair) {
    return new Exchange("What kind of thing is this?", capital(kind(pair)) + ".");
  }

  private String described(EmojiPair pair, SplittableRandom random) {
    List<String> captions = captions(pair);
    return captions.get(1 + random.nextInt(captions.size() - 1));
  }

  private Exchange yesOrNo(EmojiPair pair, SplittableRandom random) {
    if (random.nextBoolean()) {
      return new Exchange(isThere(pair.concept()), "Yes.");
    }
    int other = random.nextInt(pack.concepts().size() - 1);
    return new Exchange(isThere(other < pair.concept() ? other : other + 1), "No.");
  }

  /** The question whether a concept is in the image. */
  public String isThere(int concept) {
    return "Is there " + withArticle(pack.names().get(concept)) + " in the image?";
  }

  private String thing(EmojiPair pair) {
    return withArticle(pack.names().get(pair.concept()));
  }

  private String kind(EmojiPair pair) {
    EmojiConcept concept = pack.concepts().get(pair.concept());
    return KINDS.getOrDefault(concept.category(), "something");
  }

  private static String style(EmojiStyle style) {
    return style == EmojiStyle.NOTO ? "shaded" : "flat";
  }

  static String withArticle(String name) {
    return ("aeiou".indexOf(name.charAt(0)) >= 0 ? "an " : "a ") + name;
  }

  private static String capital(String text) {
    return Character.toUpperCase(text.charAt(0)) + text.substring(1);
  }
}
