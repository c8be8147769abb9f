package dev.fare.examples.benchmarks;

import ai.djl.ndarray.NDArray;
import dev.fare.Precision;
import dev.fare.models.vision.VisionTower;
import dev.fare.training.TrainableEncoder;
import java.util.Map;

/** A tower without the checks and files of the public encoder. */
record TowerAsEncoder(VisionTower tower) implements TrainableEncoder {

  @Override
  public NDArray embed(NDArray pixels) {
    return tower.embed(pixels);
  }

  @Override
  public Precision precision() {
    return tower.precision();
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
  public Map<String, NDArray> parameters() {
    return tower.parameters();
  }

  @Override
  public TrainableEncoder withActivationCheckpointing() {
    return new TowerAsEncoder(tower.withActivationCheckpointing());
  }

  @Override
  public TrainableEncoder copy() {
    return new TowerAsEncoder(tower.copy());
  }

  @Override
  public void close() {
    tower.close();
  }
}
