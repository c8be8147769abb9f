package dev.fare.examples.emoji;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class EmojiPackTest {
  private static final EmojiPack PACK = EmojiPack.load();

  @Test
  void holdsUniquelyNamedConceptsInLabelOrder() {
    List<EmojiConcept> concepts = PACK.concepts();

    assertThat(concepts).hasSize(480);
    assertThat(PACK.names()).doesNotHaveDuplicates().allMatch(name -> name.matches("[a-z -]+"));
    assertThat(concepts).extracting(EmojiConcept::unified).doesNotHaveDuplicates();
    assertThat(concepts).extracting(EmojiConcept::cell).doesNotHaveDuplicates();
    for (int i = 0; i < concepts.size(); i++) {
      assertThat(concepts.get(i).index()).isEqualTo(i);
    }
  }

  @Test
  void namesConceptsAsAPersonWould() {
    assertThat(PACK.names()).contains("hot dog", "tiger face", "kitchen knife", "billiard ball");
    assertThat(PACK.concepts())
        .filteredOn(concept -> concept.name().equals("hot dog"))
        .extracting(EmojiConcept::unified, EmojiConcept::category)
        .containsExactly(tuple("1F32D", "Food & Drink"));
  }

  @Test
  void drawsEveryConceptInBothStylesWithPremultipliedColour() {
    for (EmojiConcept concept : PACK.concepts()) {
      float[] noto = PACK.artwork(new EmojiPair(concept.index(), EmojiStyle.NOTO)).toArray();
      float[] twemoji = PACK.artwork(new EmojiPair(concept.index(), EmojiStyle.TWEMOJI)).toArray();

      assertThat(coverage(noto)).as(concept.name()).isBetween(0.08, 1.0);
      assertThat(coverage(twemoji)).as(concept.name()).isBetween(0.08, 1.0);
      assertThat(noto).as(concept.name()).isNotEqualTo(twemoji);
      assertThat(exceedsAlpha(noto) || exceedsAlpha(twemoji)).as(concept.name()).isFalse();
    }
  }

  @Test
  void handsOutCopiesOfThePixels() {
    EmojiPair pair = new EmojiPair(0, EmojiStyle.NOTO);
    float[] before = PACK.artwork(pair).toArray();

    PACK.artwork(pair).toArray()[0] = 7;

    assertThat(PACK.artwork(pair).toArray()).isEqualTo(before);
  }

  @Test
  void refusesAConceptItDoesNotHave() {
    assertThatThrownBy(() -> PACK.artwork(new EmojiPair(480, EmojiStyle.NOTO)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("concept must be in [0, 480), got 480");
  }

  @Test
  void carriesTheLicencesOfTheArtwork() throws IOException {
    assertThat(resource("NOTICE.md"))
        .contains("Noto Emoji", "Apache License", "Twemoji", "Twitter, Inc. and other contributors")
        .contains("https://creativecommons.org/licenses/by/4.0/", "480 emoji", "downscaled");
    assertThat(resource("LICENSE-APACHE-2.0.txt")).contains("Apache License", "Version 2.0");
  }

  @Test
  void staysSmall() throws IOException {
    int bytes = 0;
    for (String name : List.of("noto.png", "twemoji.png", "concepts.json")) {
      try (InputStream in = EmojiPack.class.getResourceAsStream(name)) {
        bytes += in.readAllBytes().length;
      }
    }
    assertThat(bytes).isLessThan(4_000_000);
  }

  private static String resource(String name) throws IOException {
    try (InputStream in = EmojiPack.class.getResourceAsStream(name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static double coverage(float[] rgba) {
    double sum = 0;
    for (int i = 3; i < rgba.length; i += 4) {
      sum += rgba[i];
    }
    return sum / (Artwork.SIZE * Artwork.SIZE);
  }

  private static boolean exceedsAlpha(float[] rgba) {
    for (int i = 0; i < rgba.length; i++) {
      if (rgba[i] < 0 || rgba[i] > rgba[i | 3] || rgba[i | 3] > 1) {
        return true;
      }
    }
    return false;
  }
}
