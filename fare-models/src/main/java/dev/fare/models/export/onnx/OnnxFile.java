package dev.fare.models.export.onnx;

import dev.fare.io.AtomicFile;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A model's file, and where that can't hold the weights the one beside it.
 *
 * @param file the model's
 * @param isExternal whether weights lie beside even if they would fit
 */
record OnnxFile(Path file, boolean isExternal) {

  private static final long IR_VERSION = 8;
  private static final long OPSET = 17;

  /** A message has less than 2 GiB; what is not weights is far smaller than what is left here. */
  private static final long MAX_INLINE_BYTES = (1L << 31) - (64L << 20);

  /** So that a runtime can map a tensor: a page of memory. */
  private static final long ALIGNMENT = 4096;

  /** Smaller tensors stay in the model, where optimisers look at them. */
  private static final long MIN_EXTERNAL_BYTES = 1024;

  // TensorProto.DataLocation
  private static final int EXTERNAL = 1;

  void write(OnnxGraph graph, String name) throws IOException {
    long total = graph.weights().stream().mapToLong(OnnxWeight::bytes).sum();
    Map<String, Long> offsets = new LinkedHashMap<>();
    if (isExternal || total > MAX_INLINE_BYTES) {
      long end = 0;
      for (OnnxWeight weight : graph.weights()) {
        if (weight.bytes() >= MIN_EXTERNAL_BYTES) {
          offsets.put(weight.name(), end);
          end = (end + weight.bytes() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        }
      }
      AtomicFile.write(dataFile(), out -> writeData(graph, offsets, out));
    }
    ProtoMessage model =
        new ProtoMessage()
            .number(1, IR_VERSION)
            .text(2, "fare")
            .message(7, graph.toProto(name, weight -> tensor(weight, offsets)))
            .message(8, new ProtoMessage().text(1, "").number(2, OPSET));
    AtomicFile.write(file, model);
  }

  private Path dataFile() {
    return file.resolveSibling(file.getFileName() + "_data");
  }

  private ProtoMessage tensor(OnnxWeight weight, Map<String, Long> offsets) {
    ProtoMessage tensor = OnnxGraph.tensor(weight.name(), weight.type(), weight.shape());
    Long offset = offsets.get(weight.name());
    if (offset == null) {
      return tensor.bytes(9, weight.bytes(), weight::writeTo);
    }
    return tensor
        .message(13, entry("location", dataFile().getFileName().toString()))
        .message(13, entry("offset", offset.toString()))
        .message(13, entry("length", Long.toString(weight.bytes())))
        .number(14, EXTERNAL);
  }

  private static ProtoMessage entry(String key, String value) {
    return new ProtoMessage().text(1, key).text(2, value);
  }

  private static void writeData(OnnxGraph graph, Map<String, Long> offsets, OutputStream out)
      throws IOException {
    long end = 0;
    for (OnnxWeight weight : graph.weights()) {
      Long offset = offsets.get(weight.name());
      if (offset != null) {
        out.write(new byte[Math.toIntExact(offset - end)]);
        weight.writeTo(out);
        end = offset + weight.bytes();
      }
    }
  }
}
