package dev.fare.models.format;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.io.LazyTensor;
import java.util.LinkedHashMap;
import java.util.Map;

/** A tensor whose values nobody may ask for. */
public record ShapesOnly(Shape shape) implements LazyTensor {

  /** All tensors of a configuration. */
  public static Map<String, LazyTensor> of(ClipConfig config) {
    Map<String, LazyTensor> tensors = new LinkedHashMap<>();
    config.tensors().forEach((name, shape) -> tensors.put(name, new ShapesOnly(shape)));
    return tensors;
  }

  @Override
  public NDArray read(NDManager manager) {
    throw new UnsupportedOperationException("only the shape is known");
  }
}
