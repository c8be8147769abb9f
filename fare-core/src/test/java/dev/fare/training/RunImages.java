package dev.fare.training;

import dev.fare.data.ImageDataset;
import java.io.IOException;
import java.nio.FloatBuffer;

/** The images of the runs; a test changes what it is about. */
public interface RunImages extends ImageDataset {

  @Override
  default int size() {
    return Runs.IMAGES.size();
  }

  @Override
  default void read(int index, int imageSize, FloatBuffer target) throws IOException {
    Runs.IMAGES.read(index, imageSize, target);
  }

  @Override
  default String description() {
    return "ten images";
  }
}
