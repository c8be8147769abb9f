package dev.fare.torch;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The host's end of what it shares with a device: arrays that it reads, arrays that it brings, and
 * numbers, which stay where they are.
 *
 * <p>Each read and each array brought makes the host wait for a GPU. DJL's own operations with a
 * number bring it as an array and wait, too, and {@code clip} reads two; {@link #numbers} go to a
 * script as they are.
 */
public final class Host {

  private static final ThreadLocal<@Nullable Count> COUNT = new ThreadLocal<>();

  private Host() {}

  private static final class Script {
    static final TorchModule MODULE =
        TorchModule.compile(
            TorchSource.resource(Host.class, "host.py"), "Host", Map.of(), Device.cpu());
    static final NDManager MEMORY = TorchEngine.get().newBaseManager(Device.cpu());
  }

  /**
   * Numbers for a script's {@code Tensor} parameter, which reads them by {@code float(numbers[i])}
   * or {@code int(numbers[i])}.
   *
   * @return float64 in the host's memory; the caller closes it after the call
   */
  public static NDArray numbers(double... numbers) {
    return Script.MEMORY.create(numbers);
  }

  /** An array on the manager's device. */
  public static NDArray bring(NDManager manager, float[] values, Shape shape) {
    return brought(manager.create(values, shape));
  }

  /** An array on the manager's device. */
  public static NDArray bring(NDManager manager, long[] values, Shape shape) {
    return brought(manager.create(values, shape));
  }

  /** An array {@code [N]} on the manager's device. */
  public static NDArray bring(NDManager manager, long[] values) {
    return brought(manager.create(values));
  }

  /** An array {@code [N]} on the manager's device. */
  public static NDArray bring(NDManager manager, boolean[] values) {
    return brought(manager.create(values));
  }

  private static NDArray brought(NDArray array) {
    Count count = COUNT.get();
    if (count != null) {
      count.brought++;
    }
    return array;
  }

  /** The elements of an array of any shape, row by row. */
  public static float[] floats(NDArray array) {
    return read(array, NDArray::toFloatArray);
  }

  /** The elements of an int64 array of any shape, row by row. */
  public static long[] longs(NDArray array) {
    return read(array, NDArray::toLongArray);
  }

  /** The elements of a boolean array of any shape, row by row. */
  public static boolean[] booleans(NDArray array) {
    return read(array, NDArray::toBooleanArray);
  }

  /** The elements of small arrays one after the other, of any types and shapes, in one read. */
  public static double[] doubles(NDArray... arrays) {
    return doubles(List.of(arrays));
  }

  /** The same of a list of arrays on one device; none are read of an empty list. */
  public static double[] doubles(List<NDArray> arrays) {
    if (arrays.isEmpty()) {
      return new double[0];
    }
    try (NDArray joined = Script.MODULE.callList("join", List.of(), arrays).singletonOrThrow()) {
      return read(joined, NDArray::toDoubleArray);
    }
  }

  private static <T> T read(NDArray array, Function<NDArray, T> elements) {
    Count count = COUNT.get();
    if (count != null) {
      count.read++;
    }
    if (array.getDevice().equals(Device.cpu())) {
      return elements.apply(array);
    }
    // DJL's own reading leaves this copy in the array's manager
    try (NDArray copy = array.toDevice(Device.cpu(), true)) {
      return elements.apply(copy);
    }
  }

  /** Counts what this thread reads and brings from now on, wherever the arrays are. */
  public static Count count() {
    Count count = new Count(COUNT.get());
    COUNT.set(count);
    return count;
  }

  /** What a thread has read and brought while this is open. */
  public static final class Count implements AutoCloseable {
    private final @Nullable Count outer;
    private int brought;
    private int read;

    private Count(@Nullable Count outer) {
      this.outer = outer;
    }

    /** How many arrays went to the device. */
    public int brought() {
      return brought;
    }

    /** How many arrays the host has read. */
    public int read() {
      return read;
    }

    /** Ends counting, on the thread that began it. */
    @Override
    public void close() {
      if (outer == null) {
        COUNT.remove();
      } else {
        COUNT.set(outer);
      }
    }
  }
}
