package dev.fare.models.format.pickle;

import ai.djl.ndarray.types.Shape;
import com.google.common.primitives.Longs;
import dev.fare.io.ElementType;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The only names of Python that a model's pickle may use, and what they are here: constructors of
 * plain data.
 */
final class PickleGlobals {

  private static final int MAX_DIMENSIONS = 64;
  private static final String SCRIPT_MODULES = "__torch__.";

  private static final Map<String, ElementType> STORAGES =
      Map.of(
          "DoubleStorage", ElementType.F64,
          "FloatStorage", ElementType.F32,
          "HalfStorage", ElementType.F16,
          "BFloat16Storage", ElementType.BF16,
          "LongStorage", ElementType.I64,
          "IntStorage", ElementType.I32,
          "ShortStorage", ElementType.I16,
          "CharStorage", ElementType.I8,
          "ByteStorage", ElementType.U8,
          "BoolStorage", ElementType.BOOL);

  private static final Map<String, Constructor> ALLOWED =
      Map.of(
          "collections.OrderedDict",
          arguments -> new LinkedHashMap<>(),
          "torch._utils._rebuild_tensor_v2",
          PickleGlobals::tensor,
          "torch._utils._rebuild_parameter",
          arguments -> arguments[0],
          "torch.Size",
          arguments -> arguments[0],
          "torch.device",
          arguments -> arguments[0],
          "torch.jit._pickle.build_tensorlist",
          arguments -> arguments[0],
          "torch.jit._pickle.build_intlist",
          arguments -> arguments[0],
          "torch.jit._pickle.build_doublelist",
          arguments -> arguments[0],
          "torch.jit._pickle.build_boollist",
          arguments -> arguments[0],
          "torch.jit._pickle.restore_type_tag",
          arguments -> arguments[0]);

  private PickleGlobals() {}

  /** What stands for a callable of Python; throws IllegalArgumentException where it can't be. */
  @FunctionalInterface
  interface Constructor {
    Object construct(Object[] arguments);
  }

  /** A class of storages, which stands in the reference to one. */
  record StorageType(ElementType type) {}

  /**
   * What a global name means.
   *
   * @return a {@link Constructor}, {@link StorageType} or {@link Opaque}; empty where the name is
   *     not allowed
   */
  static Optional<Object> find(String module, String name) {
    if (module.equals("torch") && STORAGES.containsKey(name)) {
      return Optional.of(new StorageType(STORAGES.get(name)));
    }
    if (module.startsWith(SCRIPT_MODULES) || module.equals("__torch__")) {
      String className = module + "." + name;
      return Optional.of((Constructor) arguments -> new ScriptObject(className));
    }
    Constructor constructor = ALLOWED.get(module + "." + name);
    if (constructor == null && Opaque.accepts(module, name)) {
      return Optional.of(Opaque.value());
    }
    return Optional.ofNullable(constructor);
  }

  private static Object tensor(Object[] arguments) {
    if (arguments.length < 4 || !(arguments[0] instanceof PickledStorage storage)) {
      throw new IllegalArgumentException("a tensor has no storage");
    }
    long offset = number(arguments[1]);
    long[] shape = numbers(arguments[2]);
    long[] strides = numbers(arguments[3]);
    if (shape.length != strides.length) {
      throw new IllegalArgumentException("a tensor has another number of strides");
    }
    Shape sizes = new Shape(shape);
    long needed;
    try {
      needed = storage.type().bytesOf(sizes) / storage.type().bytes();
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException("a tensor of shape " + sizes + " is beyond 64 bits", e);
    }
    // An expanded tensor repeats its numbers; where it ends is looked at like everybody's.
    if (needed > storage.size() && Longs.indexOf(strides, 0) < 0) {
      throw new IllegalArgumentException(
          "a tensor of shape "
              + sizes
              + " has "
              + needed
              + " numbers and its storage "
              + storage.key()
              + " only "
              + storage.size());
    }
    return new PickledTensor(storage, offset, sizes, strides);
  }

  private static long[] numbers(Object value) {
    Object[] items =
        value instanceof List<?> list
            ? list.toArray()
            : value instanceof Object[] tuple ? tuple : new Object[MAX_DIMENSIONS + 1];
    if (items.length > MAX_DIMENSIONS) {
      throw new IllegalArgumentException(
          "a tensor must have a tuple of up to " + MAX_DIMENSIONS + " numbers here");
    }
    long[] numbers = new long[items.length];
    for (int i = 0; i < items.length; i++) {
      numbers[i] = number(items[i]);
    }
    return numbers;
  }

  /**
   * A whole number of the pickle.
   *
   * @throws IllegalArgumentException if it is none or negative
   */
  static long number(Object value) {
    if (value instanceof Integer || value instanceof Long) {
      long number = ((Number) value).longValue();
      if (number >= 0) {
        return number;
      }
    }
    throw new IllegalArgumentException(
        "the pickle must have a whole number from 0 here, got a "
            + (value == null ? "null" : value.getClass().getSimpleName()));
  }
}
