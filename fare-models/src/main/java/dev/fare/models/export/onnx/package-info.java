/** Writes towers as ONNX graphs, under the names that Hugging Face's exporters use. */
@NullMarked
package dev.fare.models.export.onnx;

import org.jspecify.annotations.NullMarked;
