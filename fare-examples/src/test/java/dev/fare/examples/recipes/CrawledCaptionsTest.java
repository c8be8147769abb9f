package dev.fare.examples.recipes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CrawledCaptionsTest {

  @Test
  void aShareOfThePicturesComesWithASentenceAndAlwaysWithTheSame() {
    CrawledCaptions crawled = new CrawledCaptions(3, 0.25, Set.of());
    Set<String> sentences = new HashSet<>();
    int count = 0;
    for (int scene = 0; scene < 8000; scene++) {
      Optional<String> sentence = crawled.unrelated(scene);
      assertThat(new CrawledCaptions(3, 0.25, Set.of()).unrelated(scene)).isEqualTo(sentence);
      sentence.ifPresent(sentences::add);
      count += sentence.isPresent() ? 1 : 0;
    }
    // five standard deviations of a binomial distribution
    assertThat(count).isBetween(2000 - 194, 2000 + 194);
    assertThat(sentences).hasSizeGreaterThan(300);
  }

  @Test
  void excludedSentencesComeWithNone() {
    CrawledCaptions free = new CrawledCaptions(1, 0.5, Set.of());
    Set<String> excluded = new HashSet<>();
    for (int scene = 0; scene < 50; scene++) {
      free.unrelated(scene).ifPresent(excluded::add);
    }
    CrawledCaptions strict = new CrawledCaptions(1, 0.5, excluded);
    for (int scene = 0; scene < 500; scene++) {
      strict.unrelated(scene).ifPresent(text -> assertThat(excluded).doesNotContain(text));
    }
  }

  @Test
  void allPicturesAreTooMany() {
    assertThatThrownBy(() -> new CrawledCaptions(1, 1, Set.of()))
        .hasMessageContaining("must be in [0,1), got 1.0");
  }
}
