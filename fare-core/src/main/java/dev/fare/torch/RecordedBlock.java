package dev.fare.torch;

import ai.djl.Device;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Somebody else's network, evaluated as in inference, without dropout and with fixed statistics,
 * and yet recorded for autograd. DJL itself gives only one of the two for TorchScript.
 */
public final class RecordedBlock implements AutoCloseable {

  private final Block block;
  private final NDManager manager;
  private final CallGuard guard = new CallGuard("model");

  private RecordedBlock(Block block, NDManager manager) {
    this.block = block;
    this.manager = manager;
    if (block instanceof PtSymbolBlock script) {
      JniUtils.enableInferenceMode(script);
    }
  }

  /**
   * Wraps a block that the caller keeps alive and closes.
   *
   * @param block initialised, taking one array and returning one
   * @param asked where to compute; null for where its parameters are, or the engine's default if it
   *     has none
   * @throws IllegalArgumentException if its parameters are on another device
   */
  public static RecordedBlock of(Block block, @Nullable Device asked) {
    List<Parameter> parameters = block.getParameters().values();
    Device device =
        parameters.isEmpty()
            ? TorchDevices.orDefault(asked)
            : parameters.get(0).getArray().getDevice();
    if (asked != null && !asked.equals(device)) {
      throw new IllegalArgumentException(
          "device must be the block's own, " + device + ", where its parameters are, got " + asked);
    }
    return new RecordedBlock(block, TorchEngine.get().newBaseManager(device));
  }

  /**
   * Loads a TorchScript file. Such a file holds code, which runs: load only what you trust.
   *
   * @param device where its tensors go, wherever they were when it was written
   * @throws IOException if the file can't be read
   * @throws IllegalArgumentException if it is not TorchScript that this libtorch can load
   */
  public static RecordedBlock load(Path file, Device device) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw new NoSuchFileException(file.toString());
    }
    NDManager manager = TorchEngine.get().newBaseManager(device);
    try {
      PtSymbolBlock block =
          JniUtils.loadModule(
              (PtNDManager) manager, file, true, new String[0], new String[0], false);
      return new RecordedBlock(block, manager);
    } catch (EngineException e) {
      manager.close();
      throw new IllegalArgumentException(
          file + " is not a TorchScript file that libtorch can load: " + e.getMessage(), e);
    }
  }

  /** Where it computes. */
  public Device device() {
    return manager.getDevice();
  }

  /**
   * The network's output; it belongs to the manager of the input.
   *
   * @throws IllegalArgumentException if the input is on another device
   */
  public NDArray forward(NDArray input) {
    if (block instanceof PtSymbolBlock) {
      return call("forward", input);
    }
    TorchDevices.checkSame(device(), List.of(input));
    try (CallGuard.Call call = guard.enter()) {
      return block
          .forward(new ParameterStore(manager, false), new NDList(input), false)
          .singletonOrThrow();
    }
  }

  /**
   * The output of another method than {@code forward}, of a network that is TorchScript.
   *
   * @param method takes one tensor and returns one
   */
  public NDArray call(String method, NDArray input) {
    if (!(block instanceof PtSymbolBlock script)) {
      throw new IllegalStateException("only TorchScript has methods beside forward, got " + block);
    }
    TorchDevices.checkSame(device(), List.of(input));
    try (CallGuard.Call call = guard.enter()) {
      return ScriptCall.run(script, method, List.of(input), null).singletonOrThrow();
    }
  }

  /** Frees what {@link #load} has loaded, once no call is going on. */
  @Override
  public void close() {
    guard.close(manager::close);
  }
}
