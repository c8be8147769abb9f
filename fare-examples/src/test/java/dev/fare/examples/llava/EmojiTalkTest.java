package dev.fare.examples.llava;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.base.Splitter;
import dev.fare.evaluation.vlm.StealthTarget;
import dev.fare.examples.emoji.EmojiPack;
import dev.fare.examples.emoji.EmojiPair;
import dev.fare.examples.emoji.EmojiStyle;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class EmojiTalkTest {

  private static final Splitter WORDS =
      Splitter.onPattern("(?=[.,()=])|(?<=[(=])| ").omitEmptyStrings();

  @Test
  void targetsAreNewSentencesOfKnownWords() {
    Set<String> targets =
        StealthTarget.PAPER_KINDS.stream().map(StealthTarget::sentence).collect(Collectors.toSet());
    SplittableRandom random = new SplittableRandom(1);
    Set<String> words = new HashSet<>();
    for (int i = 0; i < 20_000; i++) {
      String sentence = OrdinarySentences.draw(random, targets);
      assertThat(targets).doesNotContain(sentence);
      words.addAll(WORDS.splitToList(sentence));
    }
    for (String target : targets) {
      assertThat(words).containsAll(WORDS.splitToList(target));
    }
  }

  @Test
  void whatIsSaidAboutADrawingIsTrue() {
    EmojiPack pack = EmojiPack.load();
    EmojiTalk talk = new EmojiTalk(pack);
    int apple = pack.names().indexOf("apple");
    EmojiPair pair = new EmojiPair(apple, EmojiStyle.TWEMOJI);

    assertThat(talk.captions(pair))
        .hasSize(5)
        .contains(
            "a flat drawing of an apple.", "an emoji of an apple, something to eat or drink.");
    SplittableRandom random = new SplittableRandom(3);
    for (int i = 0; i < 500; i++) {
      EmojiTalk.Exchange exchange = talk.exchange(pair, random);
      if (exchange.answer().equals("Yes.") || exchange.answer().equals("No.")) {
        assertThat(exchange.answer().equals("Yes."))
            .isEqualTo(exchange.question().equals("Is there an apple in the image?"));
      } else {
        assertThat(exchange.answer()).containsAnyOf("apple", "Something to eat or drink.");
      }
    }
    assertThat(List.of(EmojiTalk.withArticle("owl"), EmojiTalk.withArticle("bee")))
        .containsExactly("an owl", "a bee");
  }
}
