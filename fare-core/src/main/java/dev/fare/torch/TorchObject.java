package dev.fare.torch;

import static java.util.Objects.requireNonNull;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * An object of a TorchScript class with its state, as {@link TorchArchiveWriter} writes it.
 *
 * @param source has the class
 * @param className the class's name in the source
 * @param attributes values of the class's attributes: Boolean, Integer, Double, String, NDArray, a
 *     list of NDArrays, or another object; {@code training} is false unless given
 */
public record TorchObject(TorchSource source, String className, Map<String, ?> attributes) {

  /** Copies the attributes in their order. */
  public TorchObject {
    requireNonNull(source, "source");
    requireNonNull(className, "className");
    Map<String, Object> state = new LinkedHashMap<>();
    state.put("training", false);
    state.putAll(attributes);
    attributes = Collections.unmodifiableMap(state);
  }
}
