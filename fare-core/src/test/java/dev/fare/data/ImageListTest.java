package dev.fare.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fare.image.UnreadableImageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageListTest {
  @TempDir Path root;

  @BeforeEach
  void writePictures() throws IOException {
    TestPictures.write(root.resolve("a.png"), 10);
    TestPictures.write(root.resolve("sub/b, \"c\".png"), 20);
  }

  @Test
  void readsATextListRelativeToItsFolder() throws IOException {
    ImageList list = ImageList.text(list("sub/b, \"c\".png\n\n a.png \r\n"));

    assertThat(list.size()).isEqualTo(2);
    assertThat(TestPictures.gray(list, 0)).isEqualTo(20);
    assertThat(TestPictures.gray(list, 1)).isEqualTo(10);
    assertThat(list.label(0)).isEmpty();
    assertThat(list.name(1)).isEqualTo(root.resolve("a.png").toString());
  }

  @Test
  void readsQuotedFieldsOfACsvList() throws IOException {
    ImageList list =
        ImageList.csv(
            list(
                "\ufefflabel,note,path\r\nzebra,\"two\nlines\",\"sub/b, \"\"c\"\".png\"\r\nape,,a.png"));

    assertThat(list.classNames()).containsExactly("ape", "zebra");
    assertThat(labels(list)).containsExactly(1, 0);
    assertThat(TestPictures.gray(list, 0)).isEqualTo(20);
  }

  @Test
  void readsTheColumnsThatOpenClipNames() throws IOException {
    ImageList list =
        ImageList.csv(list("filepath\ttitle\na.png\ta cat\n"), '\t', "filepath", "title");

    assertThat(list.classNames()).containsExactly("a cat");
    assertThat(TestPictures.gray(list, 0)).isEqualTo(10);
  }

  @Test
  void readsJsonLines() throws IOException {
    ImageList list =
        ImageList.jsonLines(
            list(
                "{\"path\":\"a.png\",\"label\":10}\n\n{\"label\":9,\"path\":\"sub/b, \\\"c\\\".png\"}\n"));

    assertThat(list.classNames()).hasSize(11).endsWith("9", "10");
    assertThat(labels(list)).containsExactly(10, 9);
    assertThat(TestPictures.gray(list, 1)).isEqualTo(20);
  }

  /** Windows' editors write byte order marks, which belong to no path. */
  @Test
  void readsEveryKindOfListBehindAByteOrderMark() throws IOException {
    assertThat(TestPictures.gray(ImageList.text(list("\ufeffa.png\r\nsub/b.png\r\n")), 0))
        .isEqualTo(10);
    assertThat(TestPictures.gray(ImageList.csv(list("\ufeffpath\r\na.png\r\n")), 0)).isEqualTo(10);
    assertThat(TestPictures.gray(ImageList.jsonLines(list("\ufeff{\"path\":\"a.png\"}\r\n")), 0))
        .isEqualTo(10);
  }

  @Test
  void saysThatAListIsNoUtf8() throws IOException {
    Path latin = Files.write(root.resolve("latin.txt"), new byte[] {'a', (byte) 0xe9, '\n'});

    assertThatThrownBy(() -> ImageList.text(latin))
        .isInstanceOf(IOException.class)
        .hasMessage("can't read the list " + latin + ": it is not UTF-8");
  }

  /** Whichever of its classes a part of the data has. */
  @Test
  void numbersKeepTheirValueUnlessThereAreNamesAmongThem() throws IOException {
    ImageList numbers = ImageList.csv(list("path,label\na.png,412\na.png,007\na.png,414\n"));
    ImageList mixed = ImageList.csv(list("path,label\na.png,412\na.png,dog\na.png,7\n"));
    ImageList identifiers = ImageList.csv(list("path,label\na.png,02084071\na.png,02085620\n"));

    assertThat(labels(numbers)).containsExactly(412, 7, 414);
    assertThat(numbers.classNames()).hasSize(415).contains("413");
    assertThat(labels(mixed)).containsExactly(1, 2, 0);
    assertThat(mixed.classNames()).containsExactly("7", "412", "dog");
    assertThat(labels(identifiers)).containsExactly(0, 1);
  }

  @Test
  void isIdentifiedByItsPathsAndLabelsWhereverItLies() throws IOException {
    String content = "path,label\na.png,cat\na.png,dog\n";
    Path moved = Files.createDirectory(root.resolve("moved"));
    String identity = ImageList.csv(list(content)).identity();

    assertThat(ImageList.csv(Files.writeString(moved.resolve("x"), content)).identity())
        .isEqualTo(identity);
    assertThat(ImageList.csv(list(content.replace("cat", "dog"))).identity())
        .isNotEqualTo(identity);
    assertThat(ImageList.csv(list(content.replace("a.png,cat", "b.png,cat"))).identity())
        .isNotEqualTo(identity);
  }

  /** It is an image that can't be read, as one that is absent; not the end of the run. */
  @Test
  void namesAPathThatIsNone() throws IOException {
    ImageList list = ImageList.text(list("a\0.png\na.png\n"));

    assertThatThrownBy(() -> TestPictures.gray(list, 0))
        .isInstanceOf(UnreadableImageException.class)
        .hasMessageContaining("a\0.png");
    assertThat(TestPictures.gray(list, 1)).isEqualTo(10);
  }

  @Test
  void takesNumbersForTheClassesThatAreNamed() throws IOException {
    ImageList list =
        ImageList.csv(list("path,label\na.png,1\na.png,cat\n"))
            .classNames(List.of("cat", "dog", "never seen"));

    assertThat(labels(list)).containsExactly(1, 0);
    assertThat(DatasetInspection.of(list, 4).emptyClasses()).containsExactly("never seen");
    assertThatThrownBy(() -> list.classNames(List.of("cat")))
        .hasMessageContaining("line 2 of the list")
        .hasMessageContaining("label 1, which is neither a name nor a number of the 1 classes");
  }

  @Test
  void readsPathsBelowAnotherRoot() throws IOException {
    Path elsewhere = Files.createDirectory(root.resolve("lists"));
    Path file = Files.writeString(elsewhere.resolve("list.txt"), "a.png\n");

    assertThat(TestPictures.gray(ImageList.text(file).root(root), 0)).isEqualTo(10);
  }

  @Test
  void saysWhatIsWrongWithAList() throws IOException {
    assertThatThrownBy(() -> ImageList.text(root.resolve("absent.txt")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("absent.txt");
    assertThatThrownBy(() -> ImageList.text(list("\n \n"))).hasMessageContaining("lists no image");
    assertThatThrownBy(() -> ImageList.csv(list("file,label\na.png,1\n")))
        .hasMessageContaining("there is no column path among [file, label]");
    assertThatThrownBy(() -> ImageList.csv(list("path,label\na.png\n")))
        .hasMessageContaining("line 2 has 1 fields, the header 2");
    assertThatThrownBy(() -> ImageList.csv(list("path\n\"a.png\n")))
        .hasMessageContaining("line 2 opens a quote that never ends");
    assertThatThrownBy(() -> ImageList.csv(list("path,label\na.png,1\na.png,\n")))
        .hasMessageContaining("line 3 of the list")
        .hasMessageContaining("has no label, others have");
    assertThatThrownBy(() -> ImageList.jsonLines(list("{\"path\":\"a.png\"}\n[]\n")))
        .hasMessageContaining("line 2");
    assertThatThrownBy(() -> ImageList.jsonLines(list("{\"label\":\"a\"}\n")))
        .hasMessageContaining("line 1")
        .hasMessageContaining("no member path");
    assertThatThrownBy(() -> ImageList.jsonLines(list("{\"path\":\"a\",\"label\":1.5}\n")))
        .hasMessageContaining("must be a string or a whole number, got 1.5");
  }

  @Test
  void namesAListedFileThatIsAbsent() throws IOException {
    ImageList list = ImageList.text(list("gone.png\n"));

    assertThatThrownBy(() -> TestPictures.gray(list, 0))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("gone.png");
  }

  private Path list(String content) throws IOException {
    return Files.writeString(root.resolve("list"), content);
  }

  private static int[] labels(ImageDataset data) {
    return IntStream.range(0, data.size()).map(i -> data.label(i).orElseThrow()).toArray();
  }
}
