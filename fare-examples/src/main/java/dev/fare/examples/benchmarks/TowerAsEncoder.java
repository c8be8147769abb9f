package dev.fare.examples.benchmarks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.fare.Precision;
import dev.fare.image.PixelNormalization;
import dev.fare.models.vision.VisionTower;
import dev.fare.models.vision.VisionTransformer;
import dev.fare.models.vision.VitConfig;
import dev.fare.training.TrainableEncoder;
import java.util.Map;

/** A tower without the checks and files of the public encoder. */
record TowerAsEncoder(VisionTower tower) implements TrainableEncoder {

  /** A vision transformer that lives as long as the manager of its weights. */
  static TowerAsEncoder of(VitConfig config, Map<String, NDArray> weights, Precision precision) {
    NDManager own = weights.values().iterator().next().getManager().newSubManager();
    return new TowerAsEncoder(
        new VisionTransformer(config, PixelNormalization.CLIP, weights, own, precision));
  }

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
