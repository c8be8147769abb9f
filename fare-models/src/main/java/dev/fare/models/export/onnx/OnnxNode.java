package dev.fare.models.export.onnx;

import java.util.List;
import java.util.Map;

/**
 * An operation of a graph.
 *
 * @param operator such as {@code MatMul}
 * @param name unique in the graph, where it belongs in the model: {@code /vision_model/…/MatMul}
 * @param inputs names of tensors
 * @param outputs names of tensors
 * @param attributes Long, Double, List of Long
 */
record OnnxNode(
    String operator,
    String name,
    List<String> inputs,
    List<String> outputs,
    Map<String, ?> attributes) {

  // AttributeProto.AttributeType
  private static final int FLOAT = 1;
  private static final int INT = 2;
  private static final int INTS = 7;

  OnnxNode {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
    attributes = Map.copyOf(attributes);
  }

  ProtoMessage toProto() {
    ProtoMessage node = new ProtoMessage();
    inputs.forEach(input -> node.text(1, input));
    outputs.forEach(output -> node.text(2, output));
    node.text(3, name).text(4, operator);
    attributes.entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .forEach(attribute -> node.message(5, attribute(attribute.getKey(), attribute.getValue())));
    return node;
  }

  private static ProtoMessage attribute(String name, Object value) {
    ProtoMessage attribute = new ProtoMessage().text(1, name);
    if (value instanceof Long number) {
      attribute.number(3, number).number(20, INT);
    } else if (value instanceof Double number) {
      attribute.float32(2, number.floatValue()).number(20, FLOAT);
    } else if (value instanceof List<?> numbers) {
      numbers.forEach(number -> attribute.number(8, (Long) number));
      attribute.number(20, INTS);
    } else {
      throw new IllegalArgumentException(
          "attribute " + name + " must be a Long, Double or list of Long, got " + value);
    }
    return attribute;
  }
}
