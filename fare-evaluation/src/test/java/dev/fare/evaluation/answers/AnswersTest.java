package dev.fare.evaluation.answers;

import static java.util.Collections.nCopies;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The challenge's and POPE's definitions, by hand. */
class AnswersTest {

  @TempDir private Path folder;

  @ParameterizedTest
  @CsvSource({"0, 0", "1, 0.3", "2, 0.6", "3, 0.9", "4, 1", "10, 1"})
  void anAnswerOfSomePeopleOfTen(int people, double accuracy) {
    List<String> answers = new ArrayList<>(nCopies(people, "Yes."));
    answers.addAll(nCopies(10 - people, "no"));
    assertThat(VqaAccuracy.of("yes", answers)).isCloseTo(accuracy, within(1e-12));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "The Dog.|dog",
        "two dogs|2 dogs",
        "none|0",
        "dont|don't",
        "youd've|you'd've",
        "you'dve|you'd've",
        "red/blue|red blue",
        "red / blue|red blue",
        "1,000|1000",
        "3.5 m.|3.5 m",
        "well-known|well known",
        "an apple, a pear|apple pear"
      })
  void answersAreComparedInOneForm(String answer, String normalized) {
    assertThat(VqaNormalization.normalize(answer)).isEqualTo(normalized);
  }

  @Test
  void popeCountsNoInTheFirstSentence() {
    PopeReport report =
        PopeReport.of(
            List.of("Yes, there is.", "No. Yes", "There is not one", "Yes", "It is. No"),
            List.of(true, true, false, false, true));
    assertThat(report).isEqualTo(new PopeReport(2, 1, 1, 1));
    assertThat(report.accuracy()).isEqualTo(0.6);
    assertThat(report.precision()).isCloseTo(2 / 3.0, within(1e-12));
    assertThat(report.recall()).isCloseTo(2 / 3.0, within(1e-12));
    assertThat(report.f1()).isCloseTo(2 / 3.0, within(1e-12));
    assertThat(report.yesRatio()).isEqualTo(0.6);
  }

  @Test
  void filesOfTheChallengesAreRead() throws IOException {
    Path captions =
        write(
            "{\"annotations\": [{\"image_id\": 7, \"id\": 1, \"caption\": \"a\"},"
                + "{\"image_id\": 7, \"id\": 2, \"caption\": \"b\"}]}");
    assertThat(CaptionFiles.readCaptionReferences(captions))
        .isEqualTo(Map.of("7", List.of("a", "b")));
    Path answers =
        write(
            "{\"annotations\": [{\"question_id\": 9, \"image_id\": 7, \"answers\":"
                + " [{\"answer\": \"red\", \"answer_id\": 1}, {\"answer\": \"blue\"}]}]}");
    assertThat(CaptionFiles.readVqaReferences(answers))
        .isEqualTo(Map.of("9", List.of("red", "blue")));
    Path questions =
        write(
            "{\"questions\": [{\"question_id\": 9, \"image_id\": 7,"
                + " \"question\": \"What colour?\"}]}");
    assertThat(CaptionFiles.readVqaQuestions(questions))
        .containsExactly(new CaptionFiles.VqaQuestion("9", "7", "What colour?"));
    Path pope =
        write(
            "{\"question_id\": 1, \"image\": \"x.jpg\", \"text\": \"Is there a dog?\","
                + " \"label\": \"no\"}\n");
    assertThat(CaptionFiles.readPope(pope))
        .containsExactly(new CaptionFiles.PopeQuestion("1", "x.jpg", "Is there a dog?", false));
    Path results = folder.resolve("results.json");
    CaptionFiles.writeCaptions(results, Map.of("7", "a \"cat\""));
    assertThat(Files.readString(results)).contains("\"image_id\":7");
    assertThat(CaptionFiles.readCaptions(results)).isEqualTo(Map.of("7", "a \"cat\""));
    CaptionFiles.writeAnswers(results, Map.of("q", "yes"));
    assertThat(CaptionFiles.readAnswers(results)).isEqualTo(Map.of("q", "yes"));
  }

  @Test
  void filesOfAnotherFormAreRefused() throws IOException {
    Path list =
        write("[{\"image_id\": 1, \"caption\": \"a\"}, {\"image_id\": 1, \"caption\": \"b\"}]");
    assertThatThrownBy(() -> CaptionFiles.readCaptions(list))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("one result for each image_id");
    assertThatThrownBy(() -> CaptionFiles.readCaptionReferences(list))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("a JSON object");
    Path broken = write("{\"annotations\": [{\"image_id\": 1}");
    assertThatThrownBy(() -> CaptionFiles.readCaptionReferences(broken))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("not valid JSON");
  }

  private Path write(String text) throws IOException {
    return Files.writeString(Files.createTempFile(folder, "file", ".json"), text);
  }

  @Test
  void aFileThatIsNoTextIsNamed(@TempDir Path folder) throws Exception {
    Path file = Files.write(folder.resolve("latin1.json"), new byte[] {'[', (byte) 0xE9, ']'});

    assertThatThrownBy(() -> CaptionFiles.readCaptions(file))
        .isInstanceOf(IOException.class)
        .hasMessage(file + " is no text in UTF-8");
    assertThatThrownBy(() -> CaptionFiles.readPope(file)).hasMessageContaining(file.toString());
    assertThatThrownBy(() -> CaptionFiles.readVqaQuestions(file))
        .hasMessageContaining(file.toString());
  }
}
