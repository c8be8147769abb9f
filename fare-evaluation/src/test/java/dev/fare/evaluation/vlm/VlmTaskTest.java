package dev.fare.evaluation.vlm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fare.evaluation.Picture;
import dev.fare.evaluation.answers.CaptionFiles.VqaQuestion;
import dev.fare.evaluation.vlm.StealthTrial.Attempt;
import dev.fare.vlm.llava.PromptTemplate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class VlmTaskTest {

  private static final VqaQuestion QUESTION = new VqaQuestion("7", "1", "What is this?");

  @Test
  void theMostFrequentAnswersAreAttackedFirst() {
    List<String> people = new ArrayList<>(List.of("a dog"));
    people.addAll(Collections.nCopies(7, "a cat"));
    people.addAll(Collections.nCopies(2, "a fox"));

    VlmTask task =
        VlmTask.questions(List.of(QUESTION), Map.of("7", people), PromptTemplate.USER_ASSISTANT);

    assertThat(task.samples().get(0).references()).containsExactly("a cat", "a fox", "a dog");
    assertThat(task.samples().get(0).prompt()).isEqualTo("USER: <image>\nWhat is this? ASSISTANT:");
    assertThat(task.targets()).containsExactly("maybe", "Word");
    assertThat(task.score().of("7", "a cat")).isEqualTo(1);
    // two of ten people: 1/3 where one of them is left out, else 2/3
    assertThat(task.score().of("7", "fox")).isCloseTo((2 * 1 + 8 * 2) / 30.0, within(1e-12));
  }

  @Test
  void aQuestionThatNobodyAnsweredIsRefused() {
    assertThatThrownBy(
            () -> VlmTask.questions(List.of(QUESTION), Map.of(), PromptTemplate.USER_ASSISTANT))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("sample 7 must have a reference, got none");
  }

  @Test
  void successIsTheSentenceInTheAnswerAmongThoseWithoutItBefore() {
    StealthTarget target = new StealthTarget("refuse", "I can not help.");
    Picture picture = Picture.of(1, 1, new float[3]);
    List<Attempt> attempts =
        List.of(
            new Attempt(0, target, picture),
            new Attempt(1, target, picture),
            new Attempt(2, target, picture));

    double rate =
        StealthTrial.successRate(
            attempts,
            List.of("a cat", "a dog", "i CAN not help. No."),
            List.of("Sorry, i can not help. Bye.", "a dog", "I can not help."));

    assertThat(rate).isEqualTo(0.5);
  }
}
