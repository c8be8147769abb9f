package dev.fare.torch;

import ai.djl.Device;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.JniUtils;
import com.google.common.collect.ObjectArrays;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A TorchScript class compiled from source text, with its weights bound on the native side.
 *
 * <p>The class declares {@code training : bool}, {@code params : List[Tensor]} and a method {@code
 * bind(self, p: List[Tensor]) -> Tensor} if it has weights, and methods over tensors and lists of
 * tensors that return a tensor or a list of tensors. Attributes {@code List[Tensor]} start empty.
 * Calls are recorded for autograd whenever the calling thread has grad mode on and an input or
 * weight requires a gradient.
 *
 * <p>Safe for use from many threads once {@link #bind} has returned. {@link #close} waits for the
 * calls that are going on; later ones throw an {@link IllegalStateException}.
 */
public final class TorchModule implements AutoCloseable {

  /** An attribute that starts empty, in the source of a class. */
  private static final Pattern TENSOR_LIST =
      Pattern.compile("^ +(\\w+) : List\\[Tensor]$", Pattern.MULTILINE);

  private final NDManager manager;
  private final PtSymbolBlock block;
  private final CallGuard guard = new CallGuard("model");
  private @Nullable Device weightsDevice;

  private TorchModule(NDManager manager, PtSymbolBlock block) {
    this.manager = manager;
    this.block = block;
  }

  /**
   * Compiles a source and makes an object of one of its classes.
   *
   * @param source the text
   * @param className the class in it to instantiate
   * @param attributes values of the class's attributes: Boolean, Integer, Double or String
   * @param device where tensors that the source creates live by default
   * @throws TorchCompilationException if libtorch refuses the source, with file, line and caret
   */
  public static TorchModule compile(
      TorchSource source, String className, Map<String, ?> attributes, Device device) {
    Map<String, Object> state = new LinkedHashMap<>();
    Matcher lists = TENSOR_LIST.matcher(source.text());
    while (lists.find()) {
      state.put(lists.group(1), List.of());
    }
    state.putAll(attributes);
    ByteArrayOutputStream archive = new ByteArrayOutputStream();
    NDManager manager = TorchEngine.get().newBaseManager(device);
    try {
      TorchArchiveWriter.writeModule(new TorchObject(source, className, state), archive);
      PtSymbolBlock block =
          JniUtils.loadModule(
              (PtNDManager) manager, new ByteArrayInputStream(archive.toByteArray()), false, false);
      return new TorchModule(manager, block);
    } catch (EngineException e) {
      manager.close();
      throw new TorchCompilationException(explain(source, e), e);
    } catch (IOException e) {
      manager.close();
      throw new UncheckedIOException(e);
    }
  }

  private static String explain(TorchSource source, EngineException e) {
    String reason = String.valueOf(e.getMessage());
    return source.fileName()
        + " does not compile:\n"
        + reason
            .replace("code/__torch__.py", source.fileName())
            .replace("code/__torch__/", "")
            .stripTrailing();
  }

  /**
   * Hands the weights to the native object, which from then on shares their storage: an update in
   * place is seen by the next call. Call it before the module is shared between threads.
   *
   * @param weights in the order that the source reads them; the caller stays their owner
   * @return this
   */
  public TorchModule bind(List<NDArray> weights) {
    if (weights.isEmpty()) {
      throw new IllegalArgumentException("there must be at least one weight to bind, got none");
    }
    callList("bind", List.of(), weights).close();
    weightsDevice = weights.get(0).getDevice();
    return this;
  }

  /**
   * Calls a method that returns one tensor.
   *
   * @param method the method's name
   * @param inputs its arguments; the result belongs to the manager of the first one
   * @throws IllegalArgumentException if an input is on another device than the bound weights; one
   *     without dimensions may be on the CPU
   */
  public NDArray call(String method, NDArray... inputs) {
    return callAll(method, inputs).singletonOrThrow();
  }

  /** Calls a method that returns a list of tensors; they belong to the first input's manager. */
  public NDList callAll(String method, NDArray... inputs) {
    checkDevice(List.of(inputs));
    return run(method, List.of(inputs), null);
  }

  /**
   * Calls a method that returns one tensor and whose last parameter takes {@link Host#numbers}.
   *
   * @param method the method's name
   * @param numbers in the order that the source reads them
   * @param inputs its other arguments; the result belongs to the manager of the first one
   */
  public NDArray call(String method, double[] numbers, NDArray... inputs) {
    return callAll(method, numbers, inputs).singletonOrThrow();
  }

  /** The same of a method that returns a list of tensors. */
  public NDList callAll(String method, double[] numbers, NDArray... inputs) {
    checkDevice(List.of(inputs));
    try (NDArray last = Host.numbers(numbers)) {
      return run(method, List.of(ObjectArrays.concat(inputs, last)), null);
    }
  }

  /**
   * {@link #callList} with {@link Host#numbers} as the one argument before the list; the result
   * belongs to the manager of the list's first tensor.
   */
  public NDList callList(String method, double[] numbers, List<NDArray> list) {
    try (NDArray first = Host.numbers(numbers)) {
      NDList found = run(method, List.of(first), list);
      found.attach(list.get(0).getManager());
      return found;
    }
  }

  /**
   * Calls a method whose last parameter is a {@code List[Tensor]}.
   *
   * @param method the method's name
   * @param inputs the tensor arguments before the list
   * @param list the list; where there are no inputs, its first array's manager owns the result
   */
  public NDList callList(String method, List<NDArray> inputs, List<NDArray> list) {
    checkDevice(inputs);
    return run(method, inputs, list);
  }

  private void checkDevice(List<NDArray> inputs) {
    if (weightsDevice != null) {
      TorchDevices.checkSame(weightsDevice, inputs);
    }
  }

  private NDList run(String method, List<NDArray> inputs, @Nullable List<NDArray> list) {
    try (CallGuard.Call call = guard.enter()) {
      return ScriptCall.run(block, method, inputs, list);
    }
  }

  /** Releases the native module; bound weights stay with their owner. */
  @Override
  public void close() {
    guard.close(manager::close);
  }
}
