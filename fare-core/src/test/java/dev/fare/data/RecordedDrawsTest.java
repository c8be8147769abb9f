package dev.fare.data;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fare.image.Augmentation;
import dev.fare.image.ClipPreprocessing;
import dev.fare.image.PixelImage;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Draws and identities as commit 9a83a24 made them, so that a run that was begun then sees the same
 * images in the same order, and takes its data for the same.
 */
class RecordedDrawsTest {

  private static final List<String> CLASSES = List.of("a", "b");
  private static final InMemoryPictures RAMPS =
      InMemoryPictures.of("ramp", List.of(ramp(), ramp())).labels(new int[] {1, 0}, CLASSES);

  @TempDir private Path root;

  private static PixelImage ramp() {
    byte[] bytes = new byte[3 * 16 * 12];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (37 * i);
    }
    return PixelImage.rgb(16, 12, bytes);
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0, 7 5 3 0 6 4 9 1 8 2",
    "0, 1, 6 0 2 9 8 7 4 5 3 1",
    "0, 1000, 2 4 3 9 8 1 6 7 0 5",
    "-3, 0, 5 0 6 7 2 3 8 9 4 1",
    "-3, 1, 7 2 6 4 8 0 5 3 1 9",
    "-3, 1000, 7 5 4 8 2 0 6 9 1 3",
  })
  void ordersAnEpoch(long seed, long epoch, String indices) {
    assertThat(text(new DataOrder(seed).indices(epoch, 10))).isEqualTo(indices);
  }

  @Test
  void cutsEpochsIntoBatches() {
    InMemoryImages seven = InMemoryImages.of(new float[3 * 7], 1);
    List<String> batches = new ArrayList<>();
    try (BatchLoader loader =
        BatchLoader.builder(seven, 1).batchSize(4).seed(21).batches(1, 5).build()) {
      for (int i = 0; i < 4; i++) {
        batches.add(text(loader.next().orElseThrow().indices()));
      }
    }
    assertThat(batches).containsExactly("4 1 0 3", "5 2 6 1", "0 4 4 2", "3 1 5 0");
  }

  @Test
  void splitsData() {
    int[] labels = IntStream.range(0, 20).map(i -> i % 3).toArray();
    InMemoryImages data =
        InMemoryImages.of(new float[3 * 20], 1).labels(labels, List.of("a", "b", "c"));

    assertThat(ImageSubset.split(data, 0.3, 4).second().indices())
        .containsExactly(1, 5, 12, 14, 16, 18);
    assertThat(ImageSubset.split(data, 0.3, 5).second().indices())
        .containsExactly(4, 8, 9, 10, 14, 15);
  }

  /** Twice the same picture: what differs is the draw. */
  @ParameterizedTest
  @CsvSource({
    "0, 0, 124 137 135 125 122 135 121 126 132 119 118 131",
    "0, 1, 124 132 125 133 132 125 129 127 130 124 124 127",
    "1, 0, 124 133 127 129 128 129 136 127 127 126 130 127",
    "1, 1, 133 120 128 136 118 134 125 130 125 125 117 127",
    "2, 0, 126 135 127 128 128 129 136 128 127 127 130 127",
    "2, 1, 142 128 117 138 136 126 128 126 114 133 136 120",
  })
  void cropsAndMirrors(long epoch, int index, String pixels) throws IOException {
    Augmentation crops = Augmentation.randomResizedCrop(0.3).flip().withSeed(5);

    assertThat(read(RAMPS.augmentation(crops).atEpoch(epoch), index)).isEqualTo(pixels);
  }

  @Test
  void mirrors() throws IOException {
    String straight = "122 132 125 133 128 126 128 127 129 124 126 127";
    String mirrored = "132 122 133 125 126 128 127 128 124 129 127 126";
    List<String> seen = new ArrayList<>();
    for (int epoch = 0; epoch < 3; epoch++) {
      for (int index = 0; index < 2; index++) {
        seen.add(read(RAMPS.augmentation(Augmentation.randomFlip()).atEpoch(epoch), index));
      }
    }
    assertThat(seen).containsExactly(straight, mirrored, mirrored, mirrored, mirrored, straight);
  }

  @Test
  void identifiesDataInMemory() {
    int[] labels = {0, 1, 0, 1, 0, 1, 0};
    assertThat(InMemoryImages.of(new float[21], 1).labels(labels, CLASSES).identity())
        .isEqualTo(
            "InMemoryImages[7 images of 1 x 1, 2 classes, pixels f0ed1fb7878f6000],"
                + " labels de31a99db4be0cbe");
    assertThat(InMemoryImages.of(List.of(ramp(), ramp()), ClipPreprocessing.openClip(4)).identity())
        .isEqualTo(
            "InMemoryImages[2 images of 4 x 4, 0 classes, pixels 90b37824d9947bcf], labels ");
    String ramps = "2 pictures, content 69429084afb0b173, labels 65ecca0ad794a5ad, ";
    String clip =
        ", mean=[0.48145466, 0.4578275, 0.40821073],"
            + " standardDeviation=[0.26862954, 0.26130258, 0.27577711]]";
    assertThat(RAMPS.identity()).isEqualTo(ramps + "open_clip preprocessing");
    assertThat(RAMPS.preprocessing(ClipPreprocessing.huggingFace(4)).identity())
        .isEqualTo(
            ramps
                + "ClipPreprocessing[size=4, resizeMode=ShortestSide[rounding=FLOOR],"
                + " interpolation=BICUBIC, convertsToRgbFirst=true"
                + clip);
    assertThat(
            RAMPS
                .preprocessing(ClipPreprocessing.openClip(4))
                .augmentation(Augmentation.randomResizedCrop(0.9).withSeed(3))
                .identity())
        .isEqualTo(
            ramps
                + "ClipPreprocessing[size=4, resizeMode=ShortestSide[rounding=HALF_TO_EVEN],"
                + " interpolation=BICUBIC, convertsToRgbFirst=false"
                + clip
                + ", Augmentation[crop=Optional[Crop[minScale=0.9, maxScale=1.0, minRatio=0.75,"
                + " maxRatio=1.3333333333333333]], flipProbability=0.0, seed=3]");
    assertThat(ImageSubset.of(RAMPS, 1).identity())
        .isEqualTo("1 images, indices 7c9fa136d4413fa6, of " + ramps + "open_clip preprocessing");
  }

  @Test
  void identifiesDataOnDisk() throws IOException {
    for (String name : List.of("f/cat/1.png", "f/cat/2.jpg", "f/dog/3.png")) {
      Files.createDirectories(root.resolve(name).getParent());
      Files.write(root.resolve(name), new byte[name.length()]);
    }
    String lines = "path,label\nf/cat/1.png,cat\nf/dog/3.png,dog\n";
    Path list = Files.writeString(root.resolve("list.csv"), lines);

    assertThat(ImageFolder.of(root.resolve("f")).identity())
        .isEqualTo(
            "3 pictures, content 3ff20452b8cde29b, labels 6ff784405e908a49, open_clip"
                + " preprocessing");
    assertThat(ImageFolder.unlabelled(root.resolve("f")).identity())
        .isEqualTo("3 pictures, content 3ff20452b8cde29b, labels , open_clip preprocessing");
    assertThat(ImageList.csv(list).identity())
        .isEqualTo(
            "2 pictures, content 1b71e4074f17994c, labels b950d0f1e4fa2ee2, open_clip"
                + " preprocessing");
    assertThat(WebDataset.of(shard().toString()).identity())
        .isEqualTo(
            "2 pictures, content 447f87c52757bb59, labels 1e08f485c9c2fb08, open_clip"
                + " preprocessing");
  }

  private Path shard() throws IOException {
    Path shard = root.resolve("s.tar");
    try (TarArchiveOutputStream out = new TarArchiveOutputStream(Files.newOutputStream(shard))) {
      for (String name : List.of("1.png", "1.cls", "2.png", "2.cls")) {
        byte[] content = name.endsWith("cls") ? new byte[] {(byte) name.charAt(0)} : new byte[9];
        TarArchiveEntry entry = new TarArchiveEntry(name);
        entry.setSize(content.length);
        out.putArchiveEntry(entry);
        out.write(content);
        out.closeArchiveEntry();
      }
    }
    return shard;
  }

  /** The bytes of the 2 x 2 pixels that an encoder sees, plane by plane. */
  private static String read(ImageDataset data, int index) throws IOException {
    FloatBuffer pixels = FloatBuffer.allocate(3 * 2 * 2);
    data.read(index, 2, pixels);
    int[] bytes = new int[pixels.capacity()];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = Math.round(pixels.get(i) * 255);
    }
    return text(bytes);
  }

  private static String text(int[] numbers) {
    return String.join(" ", Arrays.stream(numbers).mapToObj(Integer::toString).toList());
  }
}
