package dev.fare.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.image.PixelImage;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ImageSubsetTest {
  /** 30 images of class a, 10 of class b; the gray is the index. */
  private static final InMemoryPictures DATA =
      InMemoryPictures.of(
              "grays",
              IntStream.range(0, 40)
                  .mapToObj(i -> PixelImage.of(PixelImage.Mode.GRAY, 1, 1, new byte[] {(byte) i}))
                  .toList())
          .labels(IntStream.range(0, 40).map(i -> i % 4 == 3 ? 1 : 0).toArray(), List.of("a", "b"));

  @Test
  void readsTheImagesOfItsIndices() throws IOException {
    ImageSubset subset = ImageSubset.of(DATA, 7, 2);

    assertThat(TestPictures.gray(subset, 0)).isEqualTo(7);
    assertThat(TestPictures.gray(subset, 1)).isEqualTo(2);
    assertThat(subset.label(0)).hasValue(1);
    assertThat(subset.name(1)).isEqualTo("picture 2 of grays");
    assertThat(subset.description()).isNotEqualTo(ImageSubset.of(DATA, 2, 7).description());
  }

  @Test
  void keepsTheNumbersOfTheClasses() {
    ImageSubset ofB = ImageSubset.ofClasses(DATA, List.of("b"));

    assertThat(ofB.size()).isEqualTo(10);
    assertThat(ofB.label(0)).hasValue(1);
    assertThat(ofB.classNames()).containsExactly("a", "b");
    assertThatThrownBy(() -> ImageSubset.ofClasses(DATA, List.of("b", "c")))
        .hasMessageContaining("there are no classes [c] among [a, b]");
  }

  @Test
  void splitsEachClassInProportion() {
    ImageSubset.Split split = ImageSubset.split(DATA, 0.2, 5);

    assertThat(ImageSubset.ofClasses(split.second(), List.of("a")).size()).isEqualTo(6);
    assertThat(ImageSubset.ofClasses(split.second(), List.of("b")).size()).isEqualTo(2);
    Set<String> all = new TreeSet<>(names(split.first()));
    assertThat(all).hasSize(32).doesNotContainAnyElementsOf(names(split.second()));
    all.addAll(names(split.second()));
    assertThat(all).hasSize(40);
    assertThat(names(ImageSubset.split(DATA, 0.2, 5).second())).isEqualTo(names(split.second()));
    assertThat(names(ImageSubset.split(DATA, 0.2, 6).second())).isNotEqualTo(names(split.second()));
  }

  @Test
  void refusesWhatCannotBeSplitOrIsEmpty() {
    assertThatThrownBy(() -> ImageSubset.split(ImageSubset.of(DATA, 0, 1, 3), 0.5, 0))
        .hasMessageContaining("class b of")
        .hasMessageContaining("has one image, which can't be in both parts");
    assertThatThrownBy(() -> ImageSubset.where(DATA, index -> false))
        .hasMessageContaining("no image of grays");
    assertThatThrownBy(() -> ImageSubset.split(DATA, 1, 0))
        .hasMessageContaining("the share must be in (0,1), got 1.0");
  }

  private static List<String> names(ImageDataset data) {
    return IntStream.range(0, data.size()).mapToObj(data::name).toList();
  }

  @Test
  void takesEvenlyOverTheClassesAndInEachOverItsImages() {
    int[] labels = new int[100];
    Arrays.fill(labels, 90, 97, 1);
    Arrays.fill(labels, 97, 100, 2);
    InMemoryImages data =
        InMemoryImages.of(new float[300], 1).labels(labels, List.of("many", "some", "few"));

    ImageSubset chosen = ImageSubset.evenly(data, 20);

    assertThat(chosen.indices()).isSorted().doesNotHaveDuplicates().hasSize(20);
    int[] counts = new int[3];
    IntStream.range(0, 20).forEach(i -> counts[chosen.label(i).orElseThrow()]++);
    assertThat(counts).containsExactly(10, 7, 3);
    assertThat(chosen.indices().subList(0, 10))
        .containsExactly(0, 9, 18, 27, 36, 45, 54, 63, 72, 81);
    assertThat(ImageSubset.evenly(data, 1000).description()).isEqualTo(data.description());
    assertThatThrownBy(() -> ImageSubset.evenly(data, 0)).hasMessageContaining("at least 1");
  }

  @Test
  void callsItsClassesOtherwise() {
    ImageSubset subset = ImageSubset.of(DATA, 7).classNames(name -> name + "!");

    assertThat(subset.classNames()).containsExactly("a!", "b!");
    assertThat(subset.label(0)).hasValue(1);
  }

  @Test
  void becomesArraysWithItsLabels() throws IOException {
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      ImageSubset subset = ImageSubset.of(DATA, 3, 2);

      NDArray pixels = ImageArrays.pixels(subset, 2, manager);

      assertThat(pixels.getShape()).isEqualTo(new Shape(2, 3, 2, 2));
      assertThat(pixels.getFloat(0, 2, 1, 1)).isEqualTo(3 / 255f);
      assertThat(pixels.getFloat(1, 0, 0, 0)).isEqualTo(2 / 255f);
      assertThat(ImageArrays.labels(subset, manager).toLongArray()).containsExactly(1, 0);
    }
  }
}
