package dev.fare.torch;

import ai.djl.engine.Engine;
import java.util.Map;
import java.util.TreeMap;

/** Whose arithmetic a result is. */
public final class Versions {

  private Versions() {}

  /** Those of this library, DJL and libtorch, by name. */
  public static Map<String, String> current() {
    String own = Versions.class.getPackage().getImplementationVersion();
    Map<String, String> versions = new TreeMap<>();
    versions.put("fare", own == null ? "development" : own);
    versions.put("djl", Engine.getDjlVersion());
    versions.put("libtorch", TorchEngine.get().getVersion());
    return versions;
  }
}
