package dev.fare.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CaptionedImagesTest {
  @TempDir Path root;

  @BeforeEach
  void writePictures() throws IOException {
    TestPictures.write(root.resolve("a.png"), 10);
    TestPictures.write(root.resolve("b.png"), 20);
    TestPictures.write(root.resolve("c.png"), 30);
  }

  private Path list(String text) throws IOException {
    return Files.writeString(root.resolve("list"), text);
  }

  @Test
  void linesOfOnePathAreCaptionsOfOneImage() throws IOException {
    CaptionedImages data =
        CaptionedImages.csv(
            list("path,caption\nb.png,\"a cat, asleep\"\na.png,a dog\nb.png,a sleeping cat\n"));

    assertThat(data.images().size()).isEqualTo(2);
    assertThat(TestPictures.gray(data.images(), 0)).isEqualTo(20);
    assertThat(data.captions(0)).containsExactly("a cat, asleep", "a sleeping cat");
    assertThat(data.texts()).containsExactly("a cat, asleep", "a sleeping cat", "a dog");
    assertThat(data.imageOfText()).containsExactly(0, 0, 1);
  }

  @Test
  void readsTheColumnsThatOpenClipNames() throws IOException {
    CaptionedImages data =
        CaptionedImages.csv(
            list("filepath\ttitle\na.png\ta dog\n"), '\t', "filepath", "title", root);

    assertThat(data.texts()).containsExactly("a dog");
  }

  @Test
  void readsOneCaptionOrManyFromJsonLines() throws IOException {
    CaptionedImages data =
        CaptionedImages.jsonLines(
            list(
                "{\"path\":\"c.png\",\"caption\":[\"one\",\"two\"]}\n\n"
                    + "{\"path\":\"a.png\",\"caption\":\"three\"}\n"));

    assertThat(data.captions(0)).containsExactly("one", "two");
    assertThat(data.captions(1)).containsExactly("three");
    assertThat(TestPictures.gray(data.images(), 0)).isEqualTo(30);
  }

  @Test
  void readsCocosCaptionsInTheOrderOfTheImages() throws IOException {
    Path annotations =
        list(
            """
            {"info": {}, "licenses": [],
             "images": [{"id": 9, "file_name": "b.png", "height": 8}, {"id": 4, "file_name": "a.png"}],
             "annotations": [{"image_id": 4, "id": 1, "caption": "a dog"},
                             {"image_id": 9, "id": 2, "caption": "a cat"},
                             {"image_id": 4, "id": 3, "caption": "one dog"}]}
            """);

    CaptionedImages data = CaptionedImages.coco(annotations, root);

    assertThat(data.texts()).containsExactly("a cat", "a dog", "one dog");
    assertThat(data.imageOfText()).containsExactly(0, 1, 1);
    assertThat(TestPictures.gray(data.images(), 1)).isEqualTo(10);
  }

  @Test
  void takesSomeEvenlyWithTheirCaptions() throws IOException {
    CaptionedImages data =
        CaptionedImages.csv(list("path,caption\na.png,x\nb.png,y\nb.png,z\nc.png,w\n")).evenly(2);

    assertThat(TestPictures.gray(data.images(), 1)).isEqualTo(20);
    assertThat(data.texts()).containsExactly("x", "y", "z");
    assertThat(data.imageOfText()).containsExactly(0, 1, 1);
  }

  @Test
  void saysWhatIsWrongWithAList() throws IOException {
    assertThatThrownBy(() -> CaptionedImages.csv(list("path,text\na.png,x\n")))
        .hasMessageContaining("there is no column caption among [path, text]");
    assertThatThrownBy(() -> CaptionedImages.csv(list("path,caption\na.png, \n")))
        .hasMessageContaining("a.png must have captions and none of them blank");
    assertThatThrownBy(() -> CaptionedImages.jsonLines(list("{\"path\":\"a.png\"}")))
        .hasMessageContaining("line 1 of the list")
        .hasMessageContaining("it has no member caption");
    assertThatThrownBy(
            () ->
                CaptionedImages.coco(
                    list("{\"images\":[],\"annotations\":[{\"image_id\":1,\"caption\":\"x\"}]}"),
                    root))
        .hasMessageContaining("is not JSON with captions as COCO has them")
        .hasMessageContaining("belongs to image 1, which is not listed");
    assertThatThrownBy(() -> CaptionedImages.coco(list("[]"), root))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("COCO");
  }
}
