package dev.fare.examples.recipes;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.examples.emoji.EmojiPack;
import dev.fare.examples.emoji.EmojiPair;
import dev.fare.examples.emoji.EmojiStyle;
import dev.fare.examples.llava.EmojiTalk;
import dev.fare.examples.llava.StealthTarget;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class EmojiLessonsTest {

  private static final int PICTURES = 64;

  private static final Set<String> TARGETS =
      StealthTarget.ALL.stream().map(StealthTarget::sentence).collect(Collectors.toSet());

  @Test
  void whatIsWrittenIsTheAnswerAndTargetsAreNeverTaught() {
    EmojiTalk talk = new EmojiTalk(EmojiPack.load());
    EmojiLessons lessons =
        new EmojiLessons(talk, new CrawledCaptions(1, 0.5, TARGETS), 0.25, 3, TARGETS, 1);
    List<Integer> scenes = IntStream.range(0, PICTURES).boxed().toList();
    List<EmojiPair> pairs =
        scenes.stream().map(scene -> new EmojiPair(scene, EmojiStyle.NOTO)).toList();
    int written = 0;
    List<String> taught = new ArrayList<>();
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
      SeenScenes.Batch batch =
          new SeenScenes.Batch(scenes, pairs, manager.zeros(new Shape(PICTURES, 1, 1)));
      for (int step = 0; step < 50; step++) {
        CaptionTrainer.Lesson lesson = lessons.lesson(batch, step);
        assertThat(lesson.sentences()).hasSize(3);
        for (int i = 0; i < PICTURES; i++) {
          EmojiTalk.Exchange exchange = lesson.exchanges().get(i);
          taught.add(exchange.answer());
          if (lesson.writing().get(i).isPresent()) {
            written++;
            assertThat(exchange)
                .isEqualTo(
                    new EmojiTalk.Exchange(
                        EmojiTalk.CAPTION, lesson.writing().get(i).get().sentence()));
          }
        }
        taught.addAll(lesson.sentences());
      }
    }

    assertThat(taught).doesNotContainAnyElementsOf(TARGETS);
    // a quarter of 3200, give or take five standard deviations of a binomial distribution
    assertThat(written).isBetween(800 - 123, 800 + 123);
  }
}
