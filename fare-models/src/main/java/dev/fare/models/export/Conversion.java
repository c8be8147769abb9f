package dev.fare.models.export;

import java.nio.file.Path;
import java.util.OptionalDouble;

/**
 * What was written.
 *
 * @param format of the file or directory
 * @param target where it is
 * @param difference between the embeddings of one image before and after, relative to their length;
 *     empty for formats that this library writes and does not run: ONNX and GGUF
 */
public record Conversion(ModelFormat format, Path target, OptionalDouble difference) {}
