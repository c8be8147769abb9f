package dev.fare.training;

import ai.djl.ndarray.NDArray;
import java.util.Map;

/** An encoder around another that embeds in a way of its own. */
public interface AroundTanh extends TrainableEncoder {

  /** What is inside. */
  TanhEncoder encoder();

  @Override
  default int embeddingSize() {
    return encoder().embeddingSize();
  }

  @Override
  default int imageSize() {
    return encoder().imageSize();
  }

  @Override
  default Map<String, NDArray> parameters() {
    return encoder().parameters();
  }

  @Override
  default void close() {
    encoder().close();
  }
}
