package dev.fare.examples.benchmarks;

import ai.djl.ndarray.NDArray;
import dev.fare.ImageEncoder;
import dev.fare.models.vision.VisionTower;

/** A tower without the checks and files of the public encoder. */
record TowerAsEncoder(VisionTower tower) implements ImageEncoder {

  @Override
  public NDArray embed(NDArray pixels) {
    return tower.embed(pixels);
  }

  @Override
  public int embeddingSize() {
    return tower.config().embeddingSize();
  }

  @Override
  public int imageSize() {
    return tower.config().imageSize();
  }

  @Override
  public void close() {
    tower.close();
  }
}
