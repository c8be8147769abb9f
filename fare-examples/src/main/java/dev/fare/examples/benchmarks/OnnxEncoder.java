package dev.fare.examples.benchmarks;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.fare.models.RobustClipEncoder;
import dev.fare.models.export.onnx.OnnxExport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Map;

/** An encoder in ONNX Runtime, with all of its graph optimisations. */
final class OnnxEncoder implements AutoCloseable {

  private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
  private final OrtSession session;

  private OnnxEncoder(Path file, int threads) throws OrtException {
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
      options.setIntraOpNumThreads(threads);
      // its threads wait busily for the next call, which here is somebody else's turn
      options.addConfigEntry("session.force_spinning_stop", "1");
      session = environment.createSession(file.toString(), options);
    }
  }

  /** Exports an encoder and opens what was written. */
  static OnnxEncoder of(RobustClipEncoder encoder, Path file, int threads)
      throws IOException, OrtException {
    OnnxExport.vision(encoder).outputs("image_embeds").write(file);
    return new OnnxEncoder(file, threads);
  }

  /**
   * Embeds.
   *
   * @param pixels {@code [N,3,S,S]}, mean and standard deviation applied, in a direct buffer
   * @return {@code [N,D]}
   */
  float[] embed(FloatBuffer pixels, long[] shape) throws OrtException {
    try (OnnxTensor input = OnnxTensor.createTensor(environment, pixels.rewind(), shape);
        OrtSession.Result result = session.run(Map.of("pixel_values", input))) {
      FloatBuffer output = ((OnnxTensor) result.get(0)).getFloatBuffer();
      float[] embeddings = new float[output.remaining()];
      output.get(embeddings);
      return embeddings;
    }
  }

  static FloatBuffer direct(float[] values) {
    ByteBuffer bytes =
        ByteBuffer.allocateDirect(values.length * Float.BYTES).order(ByteOrder.nativeOrder());
    return bytes.asFloatBuffer().put(values).rewind();
  }

  @Override
  public void close() throws OrtException {
    session.close();
  }
}
