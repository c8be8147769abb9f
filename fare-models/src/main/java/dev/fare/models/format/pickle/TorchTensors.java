package dev.fare.models.format.pickle;

import dev.fare.io.ModelFormatException;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Finds the tensors in what a pickle of PyTorch held, by their names in a state dict. */
public final class TorchTensors {

  /** What training scripts put a state dict under, beside optimiser state and counters. */
  private static final List<String> WRAPPERS =
      List.of("vision_encoder_state_dict", "state_dict", "model_state_dict", "model");

  /** What PyTorch's data-parallel wrapper and its compiler put before every name. */
  private static final List<String> PREFIXES = List.of("module.", "_orig_mod.");

  private static final int MAX_OBJECTS = 1_000_000;
  private static final int MAX_NAME = 1_000;

  /** What expanded tensors may take beyond the size of their file, in bytes. */
  private static final long MAX_EXPANSION = 64L << 20;

  private TorchTensors() {}

  /** The tensors of a state dict or of a TorchScript module, in their order. */
  public static Map<String, PickledTensor> find(Object root, String origin)
      throws ModelFormatException {
    Map<String, PickledTensor> tensors =
        root instanceof ScriptObject module
            ? ofModule(module, origin)
            : ofStateDict(unwrap(root, origin), origin);
    if (tensors.isEmpty()) {
      throw new ModelFormatException(origin + ": there is no tensor in it");
    }
    return withoutWrappers(tensors, PREFIXES);
  }

  private static Map<?, ?> unwrap(Object root, String origin) throws ModelFormatException {
    if (!(root instanceof Map<?, ?> outer)) {
      throw new ModelFormatException(
          origin
              + ": it must hold a state dict, a dictionary of tensors, but holds "
              + (root == null ? "none" : "a " + root.getClass().getSimpleName()));
    }
    for (String wrapper : WRAPPERS) {
      if (outer.get(wrapper) instanceof Map<?, ?> inner) {
        return inner;
      }
    }
    return outer;
  }

  private static Map<String, PickledTensor> ofStateDict(Map<?, ?> dict, String origin)
      throws ModelFormatException {
    Map<String, PickledTensor> tensors = new LinkedHashMap<>();
    for (Map.Entry<?, ?> entry : dict.entrySet()) {
      if (!(entry.getKey() instanceof String name)
          || !(entry.getValue() instanceof PickledTensor tensor)) {
        throw new ModelFormatException(
            origin + ": '" + entry.getKey() + "' of the state dict is no tensor");
      }
      tensors.put(name, tensor);
    }
    return tensors;
  }

  private static Map<String, PickledTensor> ofModule(ScriptObject root, String origin)
      throws ModelFormatException {
    Map<String, PickledTensor> tensors = new LinkedHashMap<>();
    Set<ScriptObject> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    record Named(String prefix, ScriptObject module) {}
    Deque<Named> open = new ArrayDeque<>();
    open.add(new Named("", root));
    while (!open.isEmpty()) {
      Named next = open.remove();
      if (!seen.add(next.module()) || seen.size() > MAX_OBJECTS) {
        throw new ModelFormatException(
            origin + ": the module '" + next.prefix() + "' contains itself or is there twice");
      }
      for (Map.Entry<String, Object> entry : next.module().attributes().entrySet()) {
        String name = next.prefix() + entry.getKey();
        if (name.length() > MAX_NAME) {
          throw new ModelFormatException(
              origin + ": modules are nested until a name has more than " + MAX_NAME + " letters");
        }
        if (entry.getValue() instanceof PickledTensor tensor) {
          tensors.put(name, tensor);
        } else if (entry.getValue() instanceof ScriptObject child) {
          open.add(new Named(name + ".", child));
        }
      }
    }
    return tensors;
  }

  /** The object at a path of attributes. */
  public static Optional<ScriptObject> module(ScriptObject root, String path) {
    ScriptObject module = root;
    for (String name : path.split("\\.", -1)) {
      if (!(module.attributes().get(name) instanceof ScriptObject child)) {
        return Optional.empty();
      }
      module = child;
    }
    return Optional.of(module);
  }

  /**
   * Names without what wrappers put before all of them, however often.
   *
   * @param prefixes of the wrappers
   */
  public static <T> Map<String, T> withoutWrappers(Map<String, T> tensors, List<String> prefixes) {
    Map<String, T> stripped = tensors;
    while (true) {
      Set<String> names = stripped.keySet();
      Optional<String> prefix =
          prefixes.stream()
              .filter(each -> names.stream().allMatch(name -> name.startsWith(each)))
              .findFirst();
      if (names.isEmpty() || prefix.isEmpty()) {
        return stripped;
      }
      Map<String, T> shorter = new LinkedHashMap<>();
      stripped.forEach(
          (name, tensor) -> shorter.put(name.substring(prefix.get().length()), tensor));
      stripped = shorter;
    }
  }

  /** Refuses tensors that repeat a few numbers until they are far larger than their file. */
  static void checkExpansion(Map<String, PickledTensor> tensors, long fileSize, String origin)
      throws ModelFormatException {
    long left = MAX_EXPANSION + fileSize;
    for (Map.Entry<String, PickledTensor> entry : tensors.entrySet()) {
      left -= entry.getValue().expandedBytes();
      if (left < 0) {
        throw new ModelFormatException(
            origin
                + ": tensor '"
                + entry.getKey()
                + "' repeats its numbers beyond the size of the file");
      }
    }
  }
}
