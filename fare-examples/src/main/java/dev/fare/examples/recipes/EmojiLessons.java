package dev.fare.examples.recipes;

import dev.fare.examples.emoji.EmojiPair;
import dev.fare.examples.llava.EmojiTalk;
import dev.fare.examples.llava.OrdinarySentences;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * What the embedded LLaVA learns from: exchanges about pictures, what their banners say, and
 * sentences without a picture.
 *
 * @param talk about the drawings
 * @param banners of the pictures
 * @param sentences without a picture in a lesson
 * @param seed of all draws
 */
record EmojiLessons(EmojiTalk talk, Banners banners, int sentences, long seed) {

  /** How often a picture with a banner is asked for its caption. */
  private static final double ASKED_FOR_BANNER = 0.75;

  /** The lesson of a step. */
  CaptionTrainer.Lesson lesson(SeenScenes.Batch batch, int step) {
    SplittableRandom random = new SplittableRandom(seed * 1_000_003 + step);
    List<EmojiTalk.Exchange> exchanges = new ArrayList<>();
    for (int i = 0; i < batch.pairs().size(); i++) {
      exchanges.add(exchange(batch.scenes().get(i), batch.pairs().get(i), random));
    }
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < sentences; i++) {
      texts.add(OrdinarySentences.draw(random, Set.of()));
    }
    return new CaptionTrainer.Lesson(batch.tokens(), exchanges, texts);
  }

  private EmojiTalk.Exchange exchange(int scene, EmojiPair pair, SplittableRandom random) {
    EmojiTalk.Exchange about = talk.exchange(pair, random);
    boolean isAsked =
        random.nextDouble() < ASKED_FOR_BANNER || about.question().equals(EmojiTalk.CAPTION);
    return banners
        .sentence(scene)
        .filter(words -> isAsked)
        .map(words -> new EmojiTalk.Exchange(EmojiTalk.CAPTION, words))
        .orElse(about);
  }
}
