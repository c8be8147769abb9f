package dev.fare.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.fare.Precision;
import dev.fare.image.PixelNormalization;
import dev.fare.io.LazyTensor;
import dev.fare.io.SafetensorsFile;
import dev.fare.models.transformer.Activation;
import dev.fare.models.vision.VisionConfig;
import dev.fare.models.vision.VisionTransformer;
import dev.fare.models.vision.VitConfig;
import dev.fare.training.loss.TokenEncoder;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/** The tiny vision tower that the original authors' code was recorded on. */
public record TinyEncoder(VisionTransformer tower) implements TrainableEncoder, TokenEncoder {

  private static final VitConfig TINY =
      new VitConfig(32, 8, 32, 2, 2, 128, 16, Activation.QUICK_GELU, 1e-5);

  public static TinyEncoder load(String file) throws Exception {
    return load(file, Precision.FLOAT32);
  }

  public static TinyEncoder load(String file, Precision precision) throws Exception {
    NDManager owner = NDManager.newBaseManager("PyTorch");
    Map<String, LazyTensor> stored = SafetensorsFile.read(resource(file)).tensors();
    Map<String, NDArray> weights = new LinkedHashMap<>();
    for (String name : TINY.tensors().keySet()) {
      String plain = name.substring(VisionConfig.PREFIX.length());
      weights.put(name, Objects.requireNonNull(stored.get(plain)).read(owner));
    }
    return new TinyEncoder(
        new VisionTransformer(TINY, PixelNormalization.CLIP, weights, owner, precision));
  }

  public static Path resource(String name) throws Exception {
    return Path.of(
        Objects.requireNonNull(TinyEncoder.class.getResource("vectors/" + name)).toURI());
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
  public EmbeddedTokens embedWithTokens(NDArray pixels) {
    NDList both = tower.embedWithTokens(pixels);
    return new EmbeddedTokens(both.get(0), both.get(1));
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
  public TinyEncoder withActivationCheckpointing() {
    return new TinyEncoder((VisionTransformer) tower.withActivationCheckpointing());
  }

  @Override
  public TinyEncoder copy() {
    return new TinyEncoder(tower.copy());
  }

  @Override
  public void close() {
    tower.close();
  }
}
