package dev.fare.models.format.pickle;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * An object of a TorchScript archive, as data: none of its code is looked at.
 *
 * @param className the qualified name of its class
 * @param attributes by name
 */
public record ScriptObject(String className, Map<String, Object> attributes) {

  ScriptObject(String className) {
    this(className, new LinkedHashMap<>());
  }

  /** The class name without module and without the compiler's suffixes. */
  public String simpleName() {
    return className.substring(className.lastIndexOf('.') + 1);
  }
}
