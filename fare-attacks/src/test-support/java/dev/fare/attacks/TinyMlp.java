package dev.fare.attacks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.training.TrainableEncoder;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;

/** {@code tanh(x A) B} on images 3x4x4, as an encoder and, by its four outputs, as a classifier. */
public final class TinyMlp implements TrainableEncoder {

  public static final int SIDE = 4;
  public static final int OUTPUTS = 4;

  private static final int PIXELS = 3 * SIDE * SIDE;
  private static final int HIDDEN = 8;

  private final NDManager manager = NDManager.newBaseManager("PyTorch");
  private final Map<String, NDArray> weights = new LinkedHashMap<>();

  public static TinyMlp seeded(long seed) {
    TinyMlp encoder = new TinyMlp();
    Random random = new Random(seed);
    encoder.add("first", random, PIXELS, HIDDEN);
    encoder.add("second", random, HIDDEN, OUTPUTS);
    return encoder;
  }

  private void add(String name, Random random, int rows, int columns) {
    float[] values = new float[rows * columns];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (random.nextGaussian() * 0.5);
    }
    weights.put(name, manager.create(values, new Shape(rows, columns)));
  }

  /** Random pixels of so many images. */
  public static float[] pixels(int images, long seed) {
    Random random = new Random(seed);
    float[] pixels = new float[images * PIXELS];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = random.nextFloat();
    }
    return pixels;
  }

  public NDManager manager() {
    return manager;
  }

  @Override
  public NDArray embed(NDArray pixels) {
    NDArray rows = pixels.reshape(pixels.getShape().get(0), PIXELS);
    return rows.matMul(weights.get("first")).tanh().matMul(weights.get("second"));
  }

  /** All weights one after the other. */
  public float[] values() {
    float[] first = weights.get("first").toFloatArray();
    float[] second = weights.get("second").toFloatArray();
    float[] all = new float[first.length + second.length];
    System.arraycopy(first, 0, all, 0, first.length);
    System.arraycopy(second, 0, all, first.length, second.length);
    return all;
  }

  @Override
  public int embeddingSize() {
    return OUTPUTS;
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
  public TinyMlp copy() {
    TinyMlp copy = new TinyMlp();
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
