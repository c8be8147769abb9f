package dev.fare.models.export.gguf;

import static com.google.common.base.Preconditions.checkArgument;

import ai.djl.ndarray.types.DataType;
import dev.fare.io.LazyTensor;

/**
 * A tensor that is to be written.
 *
 * @param values read when the file is written
 * @param type F32 or F16
 */
public record GgufData(LazyTensor values, GgufType type) {

  /** Checks the type. */
  public GgufData {
    checkArgument(
        type == GgufType.F32 || type == GgufType.F16,
        "tensors are written as F32 or F16, not %s",
        type);
  }

  /**
   * As llama.cpp wants it: matrices in a type, everything of one dimension in float32.
   *
   * @param matrices FLOAT32 or FLOAT16
   */
  public static GgufData of(LazyTensor values, DataType matrices) {
    boolean isHalf = matrices == DataType.FLOAT16 && values.shape().dimension() > 1;
    return new GgufData(values, isHalf ? GgufType.F16 : GgufType.F32);
  }
}
