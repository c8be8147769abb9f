package dev.fare.examples.recipes;

import dev.fare.examples.emoji.EmojiPair;
import dev.fare.examples.llava.EmojiTalk;
import dev.fare.examples.llava.OrdinarySentences;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * What the embedded LLaVA learns from: exchanges about pictures, sentences across pictures, and
 * sentences without a picture.
 *
 * @param talk about the drawings
 * @param crawled pictures whose caption is not about them
 * @param written share of pictures with a sentence across them, in [0,1]
 * @param sentences without a picture in a lesson
 * @param excluded sentences that are never among them
 * @param seed of all draws
 */
record EmojiLessons(
    EmojiTalk talk,
    CrawledCaptions crawled,
    double written,
    int sentences,
    Set<String> excluded,
    long seed) {

  /** Of words across a picture, relative to what the picture itself is read as. */
  private static final double FAINTEST = 0.2;

  private static final double BOLDEST = 1;

  /** The lesson of a step. */
  CaptionTrainer.Lesson lesson(SeenScenes.Batch batch, int step) {
    SplittableRandom random = new SplittableRandom(seed * 1_000_003 + step);
    List<EmojiTalk.Exchange> exchanges = new ArrayList<>();
    List<Optional<WrittenWords.Writing>> writing = new ArrayList<>();
    for (int i = 0; i < batch.pairs().size(); i++) {
      if (random.nextDouble() < written) {
        WrittenWords.Writing words = words(random);
        exchanges.add(new EmojiTalk.Exchange(EmojiTalk.CAPTION, words.sentence()));
        writing.add(Optional.of(words));
      } else {
        exchanges.add(exchange(batch.scenes().get(i), batch.pairs().get(i), random));
        writing.add(Optional.empty());
      }
    }
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < sentences; i++) {
      texts.add(OrdinarySentences.draw(random, excluded));
    }
    return new CaptionTrainer.Lesson(batch.tokens(), exchanges, writing, texts);
  }

  private WrittenWords.Writing words(SplittableRandom random) {
    String sentence = OrdinarySentences.draw(random, excluded);
    double strength = FAINTEST + random.nextDouble() * (BOLDEST - FAINTEST);
    return new WrittenWords.Writing(sentence, random.nextDouble(), strength);
  }

  private EmojiTalk.Exchange exchange(int scene, EmojiPair pair, SplittableRandom random) {
    EmojiTalk.Exchange exchange = talk.exchange(pair, random);
    if (!exchange.question().equals(EmojiTalk.CAPTION)) {
      return exchange;
    }
    String answer = crawled.unrelated(scene).orElse(exchange.answer());
    return new EmojiTalk.Exchange(EmojiTalk.CAPTION, answer);
  }
}
