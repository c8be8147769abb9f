package dev.fare.examples.recipes;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.examples.emoji.EmojiPack;
import dev.fare.examples.emoji.EmojiPair;
import dev.fare.examples.emoji.EmojiStyle;
import dev.fare.examples.llava.EmojiTalk;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class EmojiLessonsTest {

  private static final int PICTURES = 64;

  @Test
  void aCaptionIsWhatTheBannerSaysWhereThereIsOne() {
    EmojiTalk talk = new EmojiTalk(EmojiPack.load());
    Banners banners = Banners.of(1, 0.5, Set.of("One."), 9);
    EmojiLessons lessons = new EmojiLessons(talk, banners, 3, 1);
    List<Integer> scenes = IntStream.range(0, PICTURES).boxed().toList();
    List<EmojiPair> pairs =
        scenes.stream().map(scene -> new EmojiPair(scene, EmojiStyle.NOTO)).toList();
    int asked = 0;
    int ofBanners = 0;
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      SeenScenes.Batch batch =
          new SeenScenes.Batch(scenes, pairs, manager.zeros(new Shape(PICTURES, 1, 1)));
      for (int step = 0; step < 50; step++) {
        CaptionTrainer.Lesson lesson = lessons.lesson(batch, step);
        assertThat(lesson.sentences()).hasSize(3);
        for (int i = 0; i < PICTURES; i++) {
          EmojiTalk.Exchange exchange = lesson.exchanges().get(i);
          boolean isCaption = exchange.question().equals(EmojiTalk.CAPTION);
          if (isCaption) {
            assertThat(exchange.answer())
                .isEqualTo(banners.sentence(i).orElse(talk.captions(pairs.get(i)).get(0)));
          }
          if (banners.sentence(i).isPresent()) {
            ofBanners++;
            asked += isCaption ? 1 : 0;
          }
        }
      }
    }
    // 3/4 are asked for the banner, 3/8 of the others for a caption anyway
    assertThat(asked / (double) ofBanners).isBetween(0.80, 0.89);
  }
}
