package dev.fare.evaluation.answers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Against sums that fit on a sheet of paper. */
class CiderTest {

  /** "a" is with both images and weighs nothing, everything else ln 2. */
  private static final Cider TWO = new Cider(Map.of("1", List.of("A cat."), "2", List.of("a dog")));

  @Test
  void aCaptionThatIsTheReferenceHasItsTwoLengthsRight() {
    // one word and one pair match wholly; there are no triples and quadruples: (1 + 1) / 4
    assertThat(TWO.score("1", "a cat")).isCloseTo(5, within(1e-12));
    assertThat(TWO.score("1", "a dog")).isZero();
    assertThat(TWO.mean(Map.of("1", "a cat", "2", "a cat"))).isCloseTo(2.5, within(1e-12));
  }

  @Test
  void repetitionIsClippedAndLengthIsPunished() {
    // words: min(2, 1) · 1 / (2 · 1); pairs: 1 / √2; one pair more than the reference
    double expected = 10 * Math.exp(-1 / 72.0) * (0.5 + Math.sqrt(0.5)) / 4;
    assertThat(TWO.score("1", "a cat cat")).isCloseTo(expected, within(1e-12));
  }

  @Test
  void referencesAreAveragedAndCountedOncePerImage() {
    Cider cider =
        new Cider(Map.of("1", List.of("red cat", "cat"), "2", List.of("dog"), "3", List.of("cat")));
    // "cat" is with two of three images: ln 3/2; "red" and "red cat" with one: ln 3
    double cat = Math.log(1.5);
    double red = Math.log(3);
    double toFirst = (cat * cat / (cat * Math.hypot(cat, red))) / 4 * Math.exp(-1 / 72.0);
    double toSecond = 1.0 / 4;
    assertThat(cider.score("1", "cat")).isCloseTo(10 * (toFirst + toSecond) / 2, within(1e-12));
  }

  @Test
  void oneImageAloneSaysNothing() {
    assertThat(new Cider(Map.of("1", List.of("a cat"))).score("1", "a cat")).isZero();
  }

  @Test
  void anImageWithoutReferencesIsNamed() {
    assertThatThrownBy(() -> TWO.score("3", "a cat"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("image 3");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "Two dogs, one \"cat\"!|two dogs one cat",
        "A man's T-shirt; it doesn't fit...|a man 's t-shirt it does n't fit",
        "They cannot (really) sell 1,000.50 coins|they can not really sell 1,000.50 coins",
        "a dog - brown|a dog brown"
      })
  void wordsAreTheTreebanksWithoutPunctuation(String caption, String words) {
    assertThat(CaptionTokenizer.words(caption)).containsExactly(words.split(" "));
  }
}
