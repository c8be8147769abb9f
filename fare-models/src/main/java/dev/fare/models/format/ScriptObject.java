package dev.fare.models.format;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * An object of a TorchScript archive, as data: none of its code is looked at.
 *
 * @param className the qualified name of its class
 * @param attributes by name
 */
record ScriptObject(String className, Map<String, Object> attributes) {

  ScriptObject(String className) {
    this(className, new LinkedHashMap<>());
  }

  /** The class name without module and without the compiler's suffixes. */
  String simpleName() {
    return className.substring(className.lastIndexOf('.') + 1);
  }
}
