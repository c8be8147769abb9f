package dev.fare.examples.docs;

import dev.fare.data.DatasetInspection;
import dev.fare.data.ImageDataset;
import dev.fare.data.ImageFolder;
import dev.fare.data.ImageSubset;
import dev.fare.image.Augmentation;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.List;

/** docs/data.md's Java; {@link DocsTest} compares and runs it. */
final class DataSnippets {

  private DataSnippets() {}

  static void folder() throws IOException {
    ImageFolder photos = ImageFolder.of(Path.of("photos")); // a sub-folder for each class
    ImageSubset.Split parts = ImageSubset.split(photos, 0.1, 0); // share of the second, seed
    List<String> problems = DatasetInspection.of(photos, 224).problems();
    List<List<String>> inBoth = DatasetInspection.shared(parts.first(), parts.second(), 224);
    System.out.println(problems + " " + inBoth);
  }

  static ImageFolder augmented() throws IOException {
    ImageFolder varied =
        ImageFolder.unlabelled(Path.of("photos"))
            .augmentation(Augmentation.randomResizedCrop(0.9).flip());
    return varied;
  }

  /** Images of one colour each. */
  record Shades(int size) implements ImageDataset {

    @Override
    public void read(int index, int imageSize, FloatBuffer target) {
      for (int i = 0; i < 3 * imageSize * imageSize; i++) {
        target.put((float) index / size); // [3,S,S] in [0,1]
      }
    }

    @Override
    public String description() {
      return size + " shades of gray";
    }
  }
}
