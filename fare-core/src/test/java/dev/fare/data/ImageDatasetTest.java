package dev.fare.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.image.ClipPreprocessing;
import dev.fare.image.PixelImage;
import dev.fare.image.UnreadableImageException;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class ImageDatasetTest {
  @TempDir Path root;

  @Test
  void listsImagesByPathAndIgnoresWhatIsNone() throws IOException {
    save("b/2.PNG", 20);
    save("b/10.png", 10);
    save("a.png", 30);
    save(".trash/x.png", 40);
    Files.writeString(root.resolve("b/notes.txt"), "text");

    ImageFolder folder = ImageFolder.of(root);

    assertThat(IntStream.range(0, folder.size()).mapToObj(folder::path))
        .containsExactly(root.resolve("a.png"), root.resolve("b/10.png"), root.resolve("b/2.PNG"));
    assertThat(folder.label(0)).isEqualTo(OptionalInt.empty());
    assertThat(folder.classNames()).isEmpty();
  }

  @Test
  void takesFirstLevelFoldersForClasses() throws IOException {
    save("zebra/1.png", 1);
    save("ape/young/1.png", 2);
    save("ape/2.png", 3);

    ImageFolder folder = ImageFolder.of(root);

    assertThat(folder.classNames()).containsExactly("ape", "zebra");
    assertThat(IntStream.range(0, 3).map(i -> folder.label(i).orElseThrow()))
        .containsExactly(0, 0, 1);
  }

  @Test
  void readsAnImageAtTheEncodersSizeAndMovesOn() throws IOException {
    save("1.png", 51);
    save("2.png", 102);
    ImageFolder folder = ImageFolder.of(root);
    FloatBuffer batch = FloatBuffer.allocate(2 * 3 * 8 * 8);

    folder.read(0, 8, batch);
    folder.read(1, 8, batch);

    assertThat(batch.hasRemaining()).isFalse();
    assertThat(batch.get(0)).isEqualTo(0.2f);
    assertThat(batch.get(3 * 8 * 8)).isEqualTo(0.4f);
  }

  @Test
  void refusesPreprocessingOfAnotherSizeThanTheEncoders() throws IOException {
    save("1.png", 51);
    ImageFolder folder = ImageFolder.of(root).preprocessing(ClipPreprocessing.llava(16));

    assertThatThrownBy(() -> folder.read(0, 8, FloatBuffer.allocate(192)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("makes images of 16 pixels, the encoder takes 8");
  }

  @Test
  void namesTheFileThatCannotBeRead() throws IOException {
    Files.writeString(root.resolve("broken.jpg"), "broken");
    ImageFolder folder = ImageFolder.of(root);

    assertThatThrownBy(() -> folder.read(0, 8, FloatBuffer.allocate(192)))
        .isInstanceOf(UnreadableImageException.class)
        .hasMessageContaining("broken.jpg");
  }

  @Test
  void namesTheFileThatIsTooThinToPrepare() throws IOException {
    ImageIO.write(
        new BufferedImage(40_000, 1, BufferedImage.TYPE_BYTE_GRAY),
        "png",
        root.resolve("line.png").toFile());
    ImageFolder folder = ImageFolder.of(root).preprocessing(ClipPreprocessing.llava(8));

    assertThatThrownBy(() -> folder.read(0, 8, FloatBuffer.allocate(192)))
        .isInstanceOf(UnreadableImageException.class)
        .hasMessageContaining("line.png")
        .hasMessageContaining("too thin to be padded");
  }

  @Test
  void saysWhenThereIsNothingToList() {
    assertThatThrownBy(() -> ImageFolder.of(root))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("holds no image");
    assertThatThrownBy(() -> ImageFolder.of(root.resolve("absent")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("absent");
  }

  @Test
  void leavesOutALinkToAParentAndCountsALinkThatLeadsNowhere() throws IOException {
    Files.createDirectories(root.resolve("cat"));
    Files.createDirectories(root.resolve("dog"));
    save("cat/0.png", 51);
    save("dog/0.png", 51);
    Files.createSymbolicLink(root.resolve("cat/up"), Path.of(".."));
    Path dangling = Files.createSymbolicLink(root.resolve("dog/1.png"), Path.of("nowhere.png"));

    ImageFolder folder = ImageFolder.of(root);

    assertThat(folder.size()).isEqualTo(3);
    assertThat(folder.path(2)).isEqualTo(dangling);
    assertThatThrownBy(() -> folder.read(2, 8, FloatBuffer.allocate(192)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("dog/1.png");
  }

  @Test
  void describesAFolderByItsNames() throws IOException {
    save("1.png", 51);
    String before = ImageFolder.of(root).description();
    save("2.png", 51);

    assertThat(before).contains("1 images", root.toString()).isEqualTo(before);
    assertThat(ImageFolder.of(root).description()).contains("2 images").isNotEqualTo(before);
  }

  /** A job may stage its data in another directory; changed pictures are other data. */
  @Test
  void identifiesAFolderByItsNamesAndSizesWhereverItLies() throws IOException {
    save("here/ape/1.png", 51);
    save("here/dog/1.png", 51);
    save("there/ape/1.png", 51);
    save("there/dog/1.png", 51);
    ImageFolder here = ImageFolder.of(root.resolve("here"));
    String identity = ImageFolder.of(root.resolve("there")).identity();

    assertThat(here.identity()).isEqualTo(identity).doesNotContain(root.toString());
    assertThat(ImageSubset.first(here, 1).identity())
        .isEqualTo(ImageSubset.first(ImageFolder.of(root.resolve("there")), 1).identity())
        .isNotEqualTo(identity);
    assertThat(ImageFolder.unlabelled(root.resolve("here")).identity()).isNotEqualTo(identity);
    assertThat(here.preprocessing(ClipPreprocessing.llava(8)).identity()).isNotEqualTo(identity);
    Files.write(root.resolve("here/dog/1.png"), new byte[] {0}, StandardOpenOption.APPEND);
    assertThat(ImageFolder.of(root.resolve("here")).identity()).isNotEqualTo(identity);
  }

  /** Names are bytes on Linux, and a backslash is one of them. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void readsFilesWhoseNamesAreNoText() throws Exception {
    save("a/1.png", 70);
    String copies = "cp a/1.png a/caf$(printf '\\351').png; cp a/1.png 'a/back\\slash.png'";
    Process shell =
        new ProcessBuilder("/bin/sh", "-c", copies).directory(root.toFile()).inheritIO().start();
    assertThat(shell.waitFor()).isZero();

    ImageFolder folder = ImageFolder.of(root);

    assertThat(folder.size()).isEqualTo(3);
    assertThat(folder.classNames()).containsExactly("a");
    for (int i = 0; i < 3; i++) {
      assertThat(TestPictures.gray(folder, i)).as(folder.name(i)).isEqualTo(70);
    }
  }

  @Test
  void identifiesPixelsInMemoryByTheirLabelsToo() {
    InMemoryImages images = InMemoryImages.of(new float[2 * 3], 1);
    String cats = images.labels(new int[] {0, 1}, List.of("cat", "dog")).identity();

    assertThat(images.labels(new int[] {0, 1}, List.of("cat", "dog")).identity()).isEqualTo(cats);
    assertThat(images.labels(new int[] {1, 1}, List.of("cat", "dog")).identity())
        .isNotEqualTo(cats);
    assertThat(images.identity()).isNotEqualTo(cats);
  }

  @Test
  void givesTheHostsPixelsBack() {
    float[] pixels = new float[2 * 3 * 4 * 4];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = i / 255f;
    }
    FloatBuffer target = FloatBuffer.allocate(48);

    try (NDManager manager = NDManager.newBaseManager();
        NDArray array = manager.create(pixels, new Shape(2, 3, 4, 4))) {
      InMemoryImages images = InMemoryImages.of(array).labels(new int[] {1, 0}, List.of("a", "b"));
      images.read(1, 4, target);

      assertThat(images.size()).isEqualTo(2);
      assertThat(images.label(0)).hasValue(1);
      assertThat(images.classNames()).containsExactly("a", "b");
      assertThat(images.description())
          .isEqualTo(
              InMemoryImages.of(pixels, 4)
                  .labels(new int[] {0, 1}, List.of("a", "b"))
                  .description());
    }
    assertThat(target.array()).isEqualTo(Arrays.copyOfRange(pixels, 48, 96));
  }

  @Test
  void preprocessesDecodedImagesOnce() {
    PixelImage image = PixelImage.rgb(2, 2, new byte[12]);

    InMemoryImages images = InMemoryImages.of(List.of(image), ClipPreprocessing.openClip(4));

    FloatBuffer target = FloatBuffer.allocate(48);
    images.read(0, 4, target);
    assertThat(target.array()).containsOnly(0f);
    assertThatThrownBy(() -> images.read(0, 8, target))
        .hasMessageContaining("4 pixels a side, the encoder takes 8");
  }

  @Test
  void refusesPixelsThatAreNotInTheUnitInterval() {
    assertThatThrownBy(() -> InMemoryImages.of(new float[] {0, 255, 0}, 1))
        .hasMessageContaining("must be in [0,1], got 255.0; divide bytes by 255");
    assertThatThrownBy(() -> InMemoryImages.of(new float[] {0, Float.NaN, 0}, 1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> InMemoryImages.of(new float[4], 1))
        .hasMessageContaining("4 floats are not a whole number of images");
    assertThatThrownBy(() -> InMemoryImages.of(new float[3], 1).labels(new int[] {2}, List.of("a")))
        .hasMessageContaining("label 2 is not an index");
  }

  private void save(String name, int gray) throws IOException {
    BufferedImage image = new BufferedImage(5, 4, BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < 20; i++) {
      image.setRGB(i % 5, i / 5, gray * 0x010101);
    }
    Path file = root.resolve(name);
    Files.createDirectories(file.getParent());
    String format = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
    ImageIO.write(image, format, file.toFile());
  }
}
