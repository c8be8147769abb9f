package dev.fare.models.export;

import java.nio.file.Path;
import java.util.OptionalDouble;

/**
 * What was written.
 *
 * @param format of the file or directory
 * @param target where it is
 * @param difference between the embeddings of one image before and after, relative to their length;
 *     for GGUF between the weights; empty for ONNX, which this library does not run
 */
public record Conversion(ModelFormat format, Path target, OptionalDouble difference) {}
