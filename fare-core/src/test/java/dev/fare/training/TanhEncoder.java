package dev.fare.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.training.loss.TokenEncoder;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;

/**
 * The smallest encoder that is not linear: {@code tanh(x A + a) B + b}, images 3x4x4; the inner
 * values are two tokens of three channels.
 */
public final class TanhEncoder implements TrainableEncoder, TokenEncoder {

  public static final int SIDE = 4;
  static final int HIDDEN = 6;
  public static final int DIMENSIONS = 5;

  private final NDManager manager = NDManager.newBaseManager("PyTorch");
  private final Map<String, NDArray> weights = new LinkedHashMap<>();

  public static TanhEncoder seeded(long seed) {
    TanhEncoder encoder = new TanhEncoder();
    Random random = new Random(seed);
    encoder.add("first.weight", random, 3 * SIDE * SIDE, HIDDEN);
    encoder.add("first.bias", random, 1, HIDDEN);
    encoder.add("second.weight", random, HIDDEN, DIMENSIONS);
    encoder.add("second.bias", random, 1, DIMENSIONS);
    return encoder;
  }

  private void add(String name, Random random, int rows, int columns) {
    float[] values = new float[rows * columns];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (random.nextGaussian() * 0.5);
    }
    weights.put(name, manager.create(values, new Shape(rows, columns)));
  }

  @Override
  public NDArray embed(NDArray pixels) {
    return embedWithTokens(pixels).embedding();
  }

  @Override
  public EmbeddedTokens embedWithTokens(NDArray pixels) {
    long images = pixels.getShape().get(0);
    NDArray rows = pixels.reshape(images, -1);
    NDArray hidden = rows.matMul(weight("first.weight")).add(weight("first.bias")).tanh();
    NDArray embedding = hidden.matMul(weight("second.weight")).add(weight("second.bias"));
    return new EmbeddedTokens(embedding, hidden.reshape(images, 2, 3));
  }

  public NDArray weight(String name) {
    NDArray weight = weights.get(name);
    if (weight == null) {
      throw new IllegalArgumentException(name);
    }
    return weight;
  }

  /** All weights one after the other. */
  public float[] values() {
    int size = weights.values().stream().mapToInt(array -> (int) array.size()).sum();
    float[] all = new float[size];
    int at = 0;
    for (NDArray array : weights.values()) {
      float[] part = array.toFloatArray();
      System.arraycopy(part, 0, all, at, part.length);
      at += part.length;
    }
    return all;
  }

  @Override
  public int embeddingSize() {
    return DIMENSIONS;
  }

  @Override
  public int imageSize() {
    return SIDE;
  }

  @Override
  public Map<String, NDArray> parameters() {
    return weights;
  }

  @Override
  public TanhEncoder copy() {
    TanhEncoder copy = new TanhEncoder();
    weights.forEach(
        (name, array) ->
            copy.weights.put(name, copy.manager.create(array.toFloatArray(), array.getShape())));
    return copy;
  }

  @Override
  public void close() {
    manager.close();
  }
}
