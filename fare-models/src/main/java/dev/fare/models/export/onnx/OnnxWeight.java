package dev.fare.models.export.onnx;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.fare.torch.GradMode;
import dev.fare.torch.TensorBytes;
import dev.fare.torch.TensorScope;
import java.io.IOException;
import java.io.OutputStream;
import java.util.function.Function;

/**
 * An initializer of a graph, made from a tower's weight when it is written.
 *
 * @param name in the graph
 * @param shape in the graph
 * @param type FLOAT32 or FLOAT16
 * @param source the weight
 * @param change from the weight to the initializer; what it allocates is freed after writing
 */
record OnnxWeight(
    String name, Shape shape, DataType type, NDArray source, Function<NDArray, NDArray> change) {

  long bytes() {
    return shape.size() * type.getNumOfBytes();
  }

  /** The numbers in float32; they belong to the scope. */
  NDArray values(TensorScope scope) {
    NDArray changed = change.apply(scope.view(source));
    if (!changed.getShape().equals(shape)) {
      throw new IllegalStateException(
          name + " was declared as " + shape + " and is " + changed.getShape());
    }
    return changed;
  }

  void writeTo(OutputStream out) throws IOException {
    try (TensorScope scope = TensorScope.of(source);
        GradMode off = GradMode.noGrad()) {
      NDArray changed = values(scope);
      TensorBytes.checkRange(changed, type, name);
      TensorBytes.write(changed, type, out);
    }
  }
}
