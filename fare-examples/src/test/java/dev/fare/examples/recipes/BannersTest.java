package dev.fare.examples.recipes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class BannersTest {

  private static final int SIDE = 48;
  private static final int PLANE = SIDE * SIDE;

  private final Banners banners = Banners.of(3, 0.25, Set.of("One.", "Two."), 20);

  @Test
  void aShareOfThePicturesHasABannerAndGivenSentencesAreAmongThem() {
    int count = 0;
    Set<String> said = new HashSet<>();
    for (int scene = 0; scene < 8000; scene++) {
      Optional<String> sentence = banners.sentence(scene);
      count += sentence.isPresent() ? 1 : 0;
      sentence.ifPresent(said::add);
    }

    // a quarter, give or take five standard deviations of a binomial distribution
    assertThat(count).isBetween(2000 - 194, 2000 + 194);
    assertThat(said).hasSize(20).contains("One.", "Two.");
  }

  @Test
  void onlyTheLowestPatchesOfPicturesWithABannerChangeAndStayPixels() {
    for (int scene = 0; scene < 40; scene++) {
      float[] images = new float[2 * 3 * PLANE];
      Arrays.fill(images, 0.5f);
      banners.draw(scene, images, 3 * PLANE, SIDE);

      int changed = 0;
      for (int i = 0; i < images.length; i++) {
        assertThat(images[i]).isBetween(0f, 1f);
        boolean isBelow = i >= 3 * PLANE && i % PLANE >= PLANE - 8 * SIDE;
        assertThat(isBelow || images[i] == 0.5f).isTrue();
        changed += images[i] == 0.5f ? 0 : 1;
      }
      // grey is no corner of the cube of colours: each of its values changes
      assertThat(changed).isEqualTo(banners.sentence(scene).isPresent() ? 3 * 8 * SIDE : 0);
    }
  }

  @Test
  void aSentenceIsAlwaysWrittenInTheSameColours() {
    Map<String, List<Boolean>> colours = new HashMap<>();
    for (int scene = 0; scene < 400; scene++) {
      float[] image = new float[3 * PLANE];
      Arrays.fill(image, 0.5f);
      banners.draw(scene, image, 0, SIDE);
      String sentence = banners.sentence(scene).orElse("");
      if (!sentence.isEmpty()) {
        Boolean[] bright = new Boolean[18];
        for (int field = 0; field < 18; field++) {
          bright[field] = image[field / 6 * PLANE + PLANE - 1 - 8 * (field % 6)] > 0.5f;
        }
        List<Boolean> code = List.of(bright);
        assertThat(colours.computeIfAbsent(sentence, key -> code)).isEqualTo(code);
      }
    }
    assertThat(new HashSet<>(colours.values())).hasSize(20);
  }

  @Test
  void aShareIsAShare() {
    assertThatThrownBy(() -> new Banners(1, 1.5, List.of("One.")))
        .hasMessageContaining("must be in [0,1], got 1.5");
  }
}
