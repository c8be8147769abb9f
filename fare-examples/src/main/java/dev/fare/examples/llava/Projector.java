package dev.fare.examples.llava;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Activation;
import dev.fare.io.LazyTensor;
import dev.fare.io.ModelFormatException;
import dev.fare.io.SafetensorsFile;
import dev.fare.torch.TensorScope;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/**
 * LLaVA-1.5's projector: two linear layers with a GELU between them, from an encoder's tokens to
 * vectors that the language model reads like words (Liu et al., 2024, section 3.2).
 */
public final class Projector implements AutoCloseable {

  private static final String HUGGING_FACE = "multi_modal_projector.linear_";
  private static final String ORIGINAL = "mm_projector.";

  private final NDManager manager;
  private final NDArray inWeight; // [C, W], transposed
  private final NDArray inBias;
  private final NDArray outWeight; // [W, W], transposed
  private final NDArray outBias;

  private Projector(Path file, Map<String, LazyTensor> tensors, NDManager manager)
      throws IOException {
    this.manager = manager;
    inWeight = read(file, tensors, "1", "0", "weight", manager).transpose();
    inBias = read(file, tensors, "1", "0", "bias", manager);
    outWeight = read(file, tensors, "2", "2", "weight", manager).transpose();
    outBias = read(file, tensors, "2", "2", "bias", manager);
  }

  /**
   * Reads the projector of a LLaVA-1.5, under Hugging Face's names or the original authors'.
   *
   * @param file safetensors that may hold other tensors too
   * @param device where the encoder is
   * @throws IOException if the file can't be read or lacks a tensor
   */
  public static Projector load(Path file, Device device) throws IOException {
    Map<String, LazyTensor> tensors = SafetensorsFile.read(file).tensors();
    NDManager manager = NDManager.newBaseManager(device, "PyTorch");
    try {
      return new Projector(file, tensors, manager);
    } catch (IOException | RuntimeException e) {
      manager.close();
      throw e;
    }
  }

  private static NDArray read(
      Path file,
      Map<String, LazyTensor> tensors,
      String layer,
      String originalLayer,
      String kind,
      NDManager manager)
      throws IOException {
    String name = HUGGING_FACE + layer + "." + kind;
    String original = ORIGINAL + originalLayer + "." + kind;
    for (Map.Entry<String, LazyTensor> tensor : tensors.entrySet()) {
      if (tensor.getKey().endsWith(name) || tensor.getKey().endsWith(original)) {
        return tensor.getValue().read(manager);
      }
    }
    throw new ModelFormatException(file + " has neither " + name + " nor " + original);
  }

  /**
   * Projects tokens.
   *
   * @param tokens {@code [N,T,C]}
   * @return {@code [N,T,W]}, owned by the manager of the tokens
   */
  public NDArray project(NDArray tokens) {
    NDArray hidden = Activation.gelu(tokens.matMul(inWeight).add(inBias)); // [N, T, W]
    return hidden.matMul(outWeight).add(outBias);
  }

  /** A manager on the projector's device that frees what is made in one step. */
  TensorScope newScope() {
    return TensorScope.of(manager);
  }

  @Override
  public void close() {
    manager.close();
  }
}
