package dev.fare.vlm;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import dev.fare.io.LazyTensor;
import dev.fare.io.SafetensorsFile;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;

/** Inputs and outputs of other people's code, recorded as safetensors beside the weights. */
public final class RecordedTensors {

  private final Map<String, LazyTensor> tensors;
  private final NDManager manager;

  private RecordedTensors(Map<String, LazyTensor> tensors, NDManager manager) {
    this.tensors = tensors;
    this.manager = manager;
  }

  public static RecordedTensors read(String name, NDManager manager) throws Exception {
    return new RecordedTensors(SafetensorsFile.read(path(name)).tensors(), manager);
  }

  public static Path path(String name) throws URISyntaxException {
    return Path.of(
        Objects.requireNonNull(RecordedTensors.class.getResource("recorded/" + name)).toURI());
  }

  public NDArray tensor(String name) throws IOException {
    return Objects.requireNonNull(tensors.get(name), name).read(manager);
  }

  public NDArray ids(String name) throws IOException {
    return tensor(name).toType(DataType.INT64, false);
  }

  public float[] floats(String name) throws IOException {
    return tensor(name).toFloatArray();
  }
}
