package dev.fare.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.JniUtils;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandleProxies;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Calls a method of a TorchScript module and frees the arguments, whether libtorch throws or not.
 *
 * <p>DJL's own call frees them only where libtorch does not throw: each failure would keep its
 * inputs in memory, and whole graphs with them. DJL has no public call that records for autograd
 * and leaves the arguments to the caller, so the native method is looked up.
 */
final class ScriptCall {

  /** The native method, as DJL declares it. */
  @FunctionalInterface
  public interface NativeMethod {

    /**
     * Runs it.
     *
     * @param recorded false would give arrays that autograd refuses for ever
     * @param ownStream whether on a CUDA stream of its own
     * @return the native address of the result
     */
    long run(long module, String name, long[] arguments, boolean recorded, boolean ownStream);
  }

  private static final NativeMethod NATIVE;
  private static final LongFunction<?> RESULT;

  static {
    try {
      Class<?> library = Class.forName(JniUtils.class.getPackageName() + ".PyTorchLibrary");
      MethodHandles.Lookup inside = MethodHandles.privateLookupIn(library, MethodHandles.lookup());
      MethodHandle run =
          inside.bind(
              inside.findStaticGetter(library, "LIB", library).invoke(),
              "moduleRunMethod",
              MethodType.methodType(
                  long.class,
                  long.class,
                  String.class,
                  long[].class,
                  boolean.class,
                  boolean.class));
      NATIVE = MethodHandleProxies.asInterfaceInstance(NativeMethod.class, run);
      RESULT =
          MethodHandleProxies.asInterfaceInstance(
              LongFunction.class,
              inside.findConstructor(IValue.class, MethodType.methodType(void.class, long.class)));
    } catch (Throwable e) {
      throw new LinkageError(
          "this version of DJL's PyTorch engine has no native call as 0.35.1", e);
    }
  }

  private ScriptCall() {}

  /**
   * Runs a method, recorded for autograd if grad mode is on.
   *
   * @param inputs tensor arguments
   * @param list the argument after them, a {@code List[Tensor]}; null where there is none
   * @return the tensors that the method returns; they belong to the manager of the first argument
   */
  static NDList run(
      PtSymbolBlock module,
      String method,
      List<? extends NDArray> inputs,
      @Nullable List<? extends NDArray> list) {
    PtNDManager owner = owner(inputs.isEmpty() && list != null ? list : inputs);
    List<IValue> arguments = new ArrayList<>(inputs.size() + 1);
    try {
      for (NDArray input : inputs) {
        arguments.add(IValue.from((PtNDArray) input));
      }
      if (list != null) {
        arguments.add(IValue.listFrom(list.toArray(PtNDArray[]::new)));
      }
      long[] handles = arguments.stream().mapToLong(IValue::getHandle).toArray();
      // the profiling executor would recompile for every new shape; the switch is a thread's own
      JniUtils.setGraphExecutorOptimize(false);
      long result = NATIVE.run(module.getHandle(), method, handles, true, false);
      try (IValue value = (IValue) RESULT.apply(result)) {
        return value.toNDList(owner);
      }
    } finally {
      arguments.forEach(IValue::close);
    }
  }

  private static PtNDManager owner(List<? extends NDArray> arguments) {
    if (arguments.isEmpty()) {
      throw new IllegalArgumentException("a call needs an array, whose manager owns the result");
    }
    return (PtNDManager) arguments.get(0).getManager();
  }
}
