package dev.fare.models.export.onnx;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Runs a file in ONNX Runtime, which knows nothing of this library. */
final class OnnxRun implements AutoCloseable {

  private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
  private final OrtSession session;

  OnnxRun(Path file) throws OrtException {
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(1);
      session = environment.createSession(file.toString(), options);
    }
  }

  OrtSession session() {
    return session;
  }

  /** Runs the model on float32 and int64 arrays; the results belong to the manager. */
  Map<String, NDArray> run(Map<String, NDArray> inputs, NDManager manager) throws OrtException {
    Map<String, OnnxTensor> tensors = new LinkedHashMap<>();
    for (Map.Entry<String, NDArray> input : inputs.entrySet()) {
      tensors.put(input.getKey(), tensor(input.getValue()));
    }
    Map<String, NDArray> outputs = new LinkedHashMap<>();
    try (OrtSession.Result result = session.run(tensors)) {
      for (Map.Entry<String, ?> output : result) {
        OnnxTensor value = (OnnxTensor) output.getValue();
        Shape shape = new Shape(((TensorInfo) value.getInfo()).getShape());
        float[] values = new float[Math.toIntExact(shape.size())];
        value.getFloatBuffer().get(values);
        outputs.put(output.getKey(), manager.create(values, shape));
      }
    }
    tensors.values().forEach(OnnxTensor::close);
    return outputs;
  }

  private OnnxTensor tensor(NDArray array) throws OrtException {
    long[] shape = array.getShape().getShape();
    return array.getDataType() == DataType.INT64
        ? OnnxTensor.createTensor(environment, LongBuffer.wrap(array.toLongArray()), shape)
        : OnnxTensor.createTensor(environment, FloatBuffer.wrap(array.toFloatArray()), shape);
  }

  @Override
  public void close() throws OrtException {
    session.close();
  }
}
