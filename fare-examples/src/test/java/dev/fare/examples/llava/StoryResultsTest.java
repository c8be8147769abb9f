package dev.fare.examples.llava;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class StoryResultsTest {

  private static final StoryResults RESULTS =
      new StoryResults(
          2,
          5,
          "some/encoder",
          List.of(new StoryResults.Stealth("six sentences", 4, 0.5, 0, 0.25, 0.125)),
          List.of(new StoryResults.Scores("original", 5.335, List.of(2.207, 0.052))),
          List.of(new StoryResults.Scores("robust", 1, List.of(0.75, 0.5))),
          List.of());

  @Test
  void theTerminalAndThePageSayTheSame() {
    String text = RESULTS.toText();
    String page = StoryPage.render(RESULTS);

    assertThat(text)
        .containsPattern("six sentences, 4/255 +50.0 % +0.0 % +25.0 % +12.5 %")
        .containsPattern("original +533.5 +220.7 +5.2\n")
        .containsPattern("robust +100.0 +75.0 +50.0\n");
    assertThat(page)
        .contains("some/encoder")
        .contains("<td>50.0 %</td><td>0.0 %</td><td>25.0 %</td><td>12.5 %</td>")
        .contains("<td>533.5</td><td>220.7</td><td>5.2</td>")
        .contains("<td>100.0</td><td>75.0</td><td>50.0</td>");
  }
}
