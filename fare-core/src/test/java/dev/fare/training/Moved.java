package dev.fare.training;

import dev.fare.data.ImageDataset;
import java.nio.FloatBuffer;

/** The images of the runs, which lie somewhere. */
public record Moved(String folder) implements ImageDataset {

  @Override
  public int size() {
    return Runs.IMAGES.size();
  }

  @Override
  public void read(int index, int imageSize, FloatBuffer target) {
    Runs.IMAGES.read(index, imageSize, target);
  }

  @Override
  public String description() {
    return "ten images in " + folder;
  }

  @Override
  public String identity() {
    return "ten images";
  }
}
