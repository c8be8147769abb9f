package dev.fare.models.format;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.io.LazyTensor;
import dev.fare.io.ModelFormatException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Brings the tensors of a file and the expectations of a configuration together, without rest. */
public final class TensorMatcher {

  private static final int NAMES_IN_A_MESSAGE = 5;

  private TensorMatcher() {}

  /**
   * Assembles all canonical tensors.
   *
   * @param expected the canonical names and shapes
   * @param recipes how each lies in the file
   * @param stored what the file holds, less what may be ignored
   * @param weights where the tensors come from, for messages
   * @param config where the shapes come from, for messages
   * @throws ModelFormatException if a tensor is missing, has another shape, or is left over
   */
  public static Map<String, LazyTensor> match(
      Map<String, Shape> expected,
      Map<String, WeightMapping> recipes,
      Map<String, LazyTensor> stored,
      String weights,
      String config)
      throws ModelFormatException {
    Set<String> rest = new HashSet<>(stored.keySet());
    List<String> missing = new ArrayList<>();
    Map<String, LazyTensor> matched = new LinkedHashMap<>();
    for (Map.Entry<String, Shape> entry : expected.entrySet()) {
      WeightMapping recipe =
          recipes.getOrDefault(entry.getKey(), WeightMapping.copyOf(entry.getKey()));
      Shape partShape = recipe.partShape(entry.getValue());
      List<LazyTensor> parts = new ArrayList<>();
      for (String name : recipe.parts()) {
        LazyTensor part = stored.get(name);
        rest.remove(name);
        if (part == null) {
          missing.add(name);
          continue;
        }
        boolean isOneNumber = partShape.dimension() == 0 && part.shape().equals(new Shape(1));
        if (isOneNumber) {
          part = new OneNumber(part);
        } else if (!part.shape().equals(partShape)) {
          throw new ModelFormatException(
              weights
                  + ": tensor '"
                  + name
                  + "' has the shape "
                  + part.shape()
                  + " but "
                  + config
                  + " asks for "
                  + partShape
                  + "; the two do not belong together");
        }
        parts.add(part);
      }
      if (parts.size() == recipe.parts().size()) {
        matched.put(entry.getKey(), recipe.assemble(entry.getValue(), parts));
      }
    }
    if (!missing.isEmpty()) {
      throw new ModelFormatException(
          weights + ": " + list(missing) + " missing that " + config + " asks for");
    }
    if (!rest.isEmpty()) {
      throw new ModelFormatException(
          weights
              + ": "
              + list(rest.stream().sorted().toList())
              + " left over that "
              + config
              + " has no place for");
    }
    return matched;
  }

  /**
   * Checks that arrays are exactly the tensors of a configuration.
   *
   * @throws IllegalArgumentException if one is missing, too many, or of another shape
   */
  public static void check(ClipConfig config, Map<String, NDArray> tensors) {
    Map<String, Shape> expected = config.tensors();
    expected.forEach((name, shape) -> checked(name, shape, tensors));
    for (String name : tensors.keySet()) {
      if (!expected.containsKey(name)) {
        throw new IllegalArgumentException(
            "tensor '" + name + "' has no place in the configuration " + config);
      }
    }
  }

  /** The array of a name, which must be there and have the shape. */
  public static NDArray checked(String name, Shape shape, Map<String, NDArray> tensors) {
    NDArray tensor = tensors.get(name);
    if (tensor == null || !tensor.getShape().equals(shape)) {
      throw new IllegalArgumentException(
          "tensor '"
              + name
              + "' must have the shape "
              + shape
              + ", got "
              + (tensor == null ? "none" : tensor.getShape()));
    }
    return tensor;
  }

  /** A number that was saved as a list of one. */
  private record OneNumber(LazyTensor stored) implements LazyTensor {
    @Override
    public Shape shape() {
      return new Shape();
    }

    @Override
    public NDArray read(NDManager manager) throws IOException {
      try (NDArray list = stored.read(manager)) {
        return list.reshape(new Shape());
      }
    }
  }

  private static String list(Collection<String> names) {
    String shown =
        String.join("', '", names.stream().limit(NAMES_IN_A_MESSAGE).toArray(CharSequence[]::new));
    int more = names.size() - NAMES_IN_A_MESSAGE;
    return (names.size() == 1 ? "tensor '" : "tensors '")
        + shown
        + (more > 0 ? "' and " + more + " more are" : names.size() == 1 ? "' is" : "' are");
  }
}
