package dev.fare.examples.quickstart;

import dev.fare.data.ImageDataset;
import dev.fare.evaluation.Picture;
import dev.fare.evaluation.report.PngImages;
import dev.fare.io.AtomicFile;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;

/** Pictures of the embedded data as files, in a folder with a sub-folder for each class. */
public final class SamplePictures {

  private static final int SIDE = 48;

  private SamplePictures() {}

  /**
   * Writes all pictures of a labelled data set as PNG.
   *
   * @param folder made if absent
   */
  public static void write(ImageDataset data, Path folder) throws IOException {
    FloatBuffer values = FloatBuffer.allocate(3 * SIDE * SIDE);
    for (int image = 0; image < data.size(); image++) {
      data.read(image, SIDE, values.clear());
      String name = data.classNames().get(data.label(image).orElseThrow()).replace(' ', '_');
      AtomicFile.write(
          folder.resolve(name).resolve("%04d.png".formatted(image)),
          PngImages.encode(Picture.of(SIDE, SIDE, values.array())));
    }
  }
}
