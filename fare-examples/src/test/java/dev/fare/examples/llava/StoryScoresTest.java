package dev.fare.examples.llava;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fare.Precision;
import dev.fare.evaluation.answers.CaptionFiles;
import dev.fare.examples.emoji.EmojiData;
import dev.fare.vlm.llava.LlavaModel;
import dev.fare.vlm.llava.PromptTemplate;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The whole ladder on three pictures, float16 first, from files of the challenges to scores. */
class StoryScoresTest {

  private static final int[] RADII = {8};

  @TempDir private Path folder;
  private LlavaModel half;
  private LlavaModel single;
  private StoryScenes scenes;
  private StoryFiles files;

  @BeforeEach
  void load() throws Exception {
    Path weights = EmbeddedLlava.copyTo(folder.resolve("llava"));
    single = EmbeddedLlava.load(weights);
    half =
        LlavaModel.builder(weights)
            .template(PromptTemplate.USER_ASSISTANT)
            .precision(Precision.FLOAT16)
            .load();
    EmojiData data = EmojiData.load();
    scenes = new StoryScenes(data, 3);
    files = StoryFiles.write(folder, scenes.pairs(), new EmojiTalk(data.pack()));
  }

  @AfterEach
  void close() {
    half.close();
    single.close();
  }

  @Test
  void theFilesAreThoseOfTheChallenges() throws Exception {
    Map<String, List<String>> captions = CaptionFiles.readCaptionReferences(files.captions());
    Map<String, List<String>> people = CaptionFiles.readVqaReferences(files.answers());
    List<CaptionFiles.VqaQuestion> questions = CaptionFiles.readVqaQuestions(files.questions());

    assertThat(captions.keySet()).containsExactly("0", "1", "2");
    assertThat(captions.values()).allSatisfy(texts -> assertThat(texts).hasSize(5));
    assertThat(questions)
        .extracting(CaptionFiles.VqaQuestion::image)
        .containsExactly("0", "1", "2");
    assertThat(people.values()).allSatisfy(texts -> assertThat(texts).hasSize(10));
  }

  @Test
  void questionsThatTheModelAnswersAreAnsweredWronglyUnderAttack() throws Exception {
    StoryResults.Scores scores =
        new StoryScores(scenes, files, 5).answers("model", half, single, RADII);

    // all or nothing on each of three pictures, since all people agree
    assertThat(scores.clean()).isGreaterThan(0.6);
    assertThat(3 * scores.clean()).isCloseTo(Math.rint(3 * scores.clean()), within(1e-9));
    assertThat(scores.attacked().get(0)).isLessThan(scores.clean());
  }

  @Test
  void captionsAreWorseUnderAttack() throws Exception {
    StoryResults.Scores scores =
        new StoryScores(scenes, files, 5).captions("model", single, single, RADII);

    assertThat(scores.clean()).isGreaterThan(1);
    assertThat(scores.attacked().get(0)).isLessThan(0.7 * scores.clean());
  }
}
