package dev.fare.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.google.gson.JsonObject;
import dev.fare.data.ImageArrays;
import dev.fare.data.ImageFolder;
import dev.fare.data.ImageSubset;
import dev.fare.examples.emoji.EmojiData;
import dev.fare.examples.emoji.EmojiDataset;
import dev.fare.examples.quickstart.EmbeddedClip;
import dev.fare.examples.quickstart.SamplePictures;
import dev.fare.models.ClipModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RetrievalCommandTest {

  private static final int IMAGES = 8;

  @TempDir private static Path shared;
  @TempDir private Path folder;
  private static Path clip;
  private static Path images;
  private static final List<String> CAPTIONS = new ArrayList<>();

  @BeforeAll
  static void placeModelAndImages() throws IOException {
    clip = EmbeddedClip.copyTo(shared.resolve("clip"));
    images = shared.resolve("images");
    EmojiDataset all = EmojiDataset.testSetA(EmojiData.load(), 4 * IMAGES);
    Set<Integer> classes = new HashSet<>(); // two images of one caption would tie
    ImageSubset chosen =
        ImageSubset.where(
            all, image -> classes.size() < IMAGES && classes.add(all.label(image).orElseThrow()));
    SamplePictures.write(chosen, images);
    ImageFolder data = ImageFolder.of(images);
    for (int i = 0; i < IMAGES; i++) {
      String name = data.classNames().get(data.label(i).orElseThrow()).replace('_', ' ');
      CAPTIONS.add("a picture of a " + name);
    }
  }

  private Path list() throws IOException {
    StringBuilder csv = new StringBuilder("path,caption\n");
    ImageFolder data = ImageFolder.of(images);
    for (int i = 0; i < IMAGES; i++) {
      csv.append(images.relativize(data.path(i))).append(',').append(CAPTIONS.get(i)).append('\n');
    }
    return Files.writeString(folder.resolve("captions.csv"), csv);
  }

  @Test
  void countsWhatImagesAndCaptionsFindAndWritesAReport() throws IOException {
    Path page = folder.resolve("out/retrieval.html");

    Program program =
        Program.line(
            "retrieval --captions %s --images %s --model a=%s --model b=%s --steps 10"
                + " --epsilon 8/255 --batch-size 3 --output %s --require-robust 0.99 --json",
            list(), images, clip, clip, page);

    assertThat(program.exitCode()).as(program.err()).isEqualTo(3);
    JsonObject second = program.json().getAsJsonArray("results").get(1).getAsJsonObject();
    JsonObject clean = second.getAsJsonObject("clean");
    assertThat(first(clean, "imageToText")).isCloseTo(firsts(1), within(1e-12));
    assertThat(first(clean, "textToImage")).isCloseTo(firsts(0), within(1e-12));
    JsonObject robust = second.getAsJsonObject("robust").getAsJsonObject("l∞ 8/255");
    assertThat(first(robust, "imageToText")).isLessThan(first(clean, "imageToText") - 0.3);
    assertThat(page)
        .content()
        .contains("From image to text", "From text to image", "Recall at 5", "finds its text first")
        .doesNotContain("http");
    Program inspected = Program.run("inspect", folder.resolve("out/retrieval.json"));
    assertThat(inspected.out()).contains("image to text @1", "l∞ 8/255, APGD-CE", "SHA-256");
  }

  private static double first(JsonObject directions, String direction) {
    return directions.getAsJsonObject(direction).getAsJsonObject("at1").get("value").getAsDouble();
  }

  /** Recall at 1 from the matrix of cosines, along an axis. */
  private static double firsts(int axis) throws IOException {
    try (ClipModel model = ClipModel.load(clip);
        NDManager manager = NDManager.newBaseManager("PyTorch")) {
      NDArray pixels = ImageArrays.pixels(ImageFolder.of(images), 48, manager);
      NDArray seen = model.imageEncoder().embed(pixels).normalize(2, 1);
      NDArray texts = manager.create(model.embedText(CAPTIONS)).normalize(2, 1);
      long[] top = seen.matMul(texts.transpose()).argMax(axis).toLongArray();
      int right = 0;
      for (int i = 0; i < top.length; i++) {
        right += top[i] == i ? 1 : 0;
      }
      return right / (double) IMAGES;
    }
  }

  @Test
  void saysWhatAListMustBe() throws IOException {
    Path empty = Files.writeString(folder.resolve("x.csv"), "file,text\na.png,b\n");
    Path other = Files.writeString(folder.resolve("x.xml"), "<a/>");

    assertThat(Program.run("retrieval", "--captions", empty, "--model", clip).err())
        .startsWith("fare retrieval: ")
        .contains("there is no column path among [file, text]");
    assertThat(Program.run("retrieval", "--captions", other, "--model", clip).err())
        .contains("must be a .csv, .tsv or .jsonl list with captions");
    assertThat(Program.run("retrieval", "--captions", "nothing.csv", "--model", clip).err())
        .contains("there is no file or folder nothing.csv");
  }
}
