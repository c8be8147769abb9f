package dev.fare.models.export.onnx;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.util.Float16Utils;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/**
 * A graph while it is built: operations in their order, weights, inputs and outputs.
 *
 * <p>Floating-point numbers inside are of one type; inputs and outputs stay float32, so that a file
 * in half precision takes the place of one in single precision.
 */
final class OnnxGraph {

  /** A dimension whose size the caller chooses. */
  static final String BATCH = "batch_size";

  private final DataType floats;
  private final List<OnnxNode> nodes = new ArrayList<>();
  private final Map<String, OnnxWeight> weights = new LinkedHashMap<>();
  private final Map<String, ProtoMessage> constants = new LinkedHashMap<>();
  private final List<ProtoMessage> inputs = new ArrayList<>();
  private final List<ProtoMessage> outputs = new ArrayList<>();
  private final Map<String, String> outputNames = new LinkedHashMap<>();
  private final Set<String> names = new HashSet<>();

  OnnxGraph(DataType floats) {
    this.floats = floats;
  }

  /** The type of floating-point numbers inside. */
  DataType floats() {
    return floats;
  }

  List<OnnxWeight> weights() {
    return List.copyOf(weights.values());
  }

  /**
   * Declares an input.
   *
   * @param dimensions a Long, or a String for one that the caller chooses
   * @return the tensor to compute with
   */
  String input(String name, DataType type, String description, Object... dimensions) {
    inputs.add(value(name, type, dimensions).text(3, description));
    if (type == DataType.FLOAT32 && floats != type) {
      return cast(name, "/" + name, floats);
    }
    return name;
  }

  /** Declares a tensor as an output under a name. */
  void output(String name, String tensor, Object... dimensions) {
    singleOutput(name, toSingle(tensor, "/" + name), dimensions);
  }

  /** The same of a tensor that is in float32 already. */
  void singleOutput(String name, String tensor, Object... dimensions) {
    String result =
        outputNames.containsKey(tensor) ? node("Identity", "/" + name, Map.of(), tensor) : tensor;
    outputNames.put(result, name);
    outputs.add(value(name, DataType.FLOAT32, dimensions));
  }

  /** A weight as it is. */
  String weight(String name, NDArray source) {
    return weight(name, source, source.getShape(), UnaryOperator.identity());
  }

  /** A weight that is changed when it is written. */
  String weight(String name, NDArray source, Shape shape, Function<NDArray, NDArray> change) {
    weights.put(name, new OnnxWeight(name, shape, floats, source, change));
    return name;
  }

  /** A constant vector of whole numbers. */
  String integers(long... values) {
    StringBuilder name = new StringBuilder("integers");
    ByteBuffer bytes = ByteBuffer.allocate(values.length * Long.BYTES);
    bytes.order(ByteOrder.LITTLE_ENDIAN);
    for (long value : values) {
      name.append('_').append(value);
      bytes.putLong(value);
    }
    return constant(name.toString(), DataType.INT64, bytes, (long) values.length);
  }

  /** A constant number of a type: FLOAT32 stands for this graph's floating-point numbers. */
  String scalar(double value, DataType type) {
    return number(value, type == DataType.FLOAT32 ? floats : type);
  }

  /** A constant number in float32, whatever the floating-point numbers inside are. */
  String single(double value) {
    return number(value, DataType.FLOAT32);
  }

  private String number(double value, DataType stored) {
    ByteBuffer bytes = ByteBuffer.allocate(stored.getNumOfBytes()).order(ByteOrder.LITTLE_ENDIAN);
    switch (stored) {
      case FLOAT32 -> bytes.putFloat((float) value);
      case FLOAT16 -> bytes.putShort(Float16Utils.floatToHalf((float) value));
      case INT64 -> bytes.putLong((long) value);
      case INT32 -> bytes.putInt((int) value);
      default -> throw new IllegalArgumentException("no scalars of type " + stored);
    }
    return constant(stored.name().toLowerCase(Locale.ROOT) + "_" + value, stored, bytes);
  }

  /** A constant matrix that says which of the earlier positions a position sees. */
  String lowerTriangle(int size) {
    ByteBuffer bytes = ByteBuffer.allocate(size * size);
    for (int row = 0; row < size; row++) {
      for (int column = 0; column < size; column++) {
        bytes.put((byte) (column <= row ? 1 : 0));
      }
    }
    return constant("lower_triangle", DataType.BOOLEAN, bytes, (long) size, (long) size);
  }

  private String constant(String name, DataType type, ByteBuffer bytes, Long... dimensions) {
    constants.computeIfAbsent(
        name,
        key -> tensor(key, type, new Shape(Arrays.asList(dimensions))).bytes(9, bytes.array()));
    return name;
  }

  /** A floating-point tensor in float32. */
  String toSingle(String tensor, String scope) {
    return floats == DataType.FLOAT32 ? tensor : cast(tensor, scope, DataType.FLOAT32);
  }

  String cast(String tensor, String scope, DataType type) {
    return node("Cast", scope, Map.of("to", typeNumber(type)), tensor);
  }

  /** Adds an operation with one output. */
  String node(String operator, String scope, Map<String, ?> attributes, String... inputs) {
    return nodes(operator, scope, 1, attributes, inputs).get(0);
  }

  /** Adds an operation with several outputs. */
  List<String> nodes(
      String operator, String scope, int count, Map<String, ?> attributes, String... inputs) {
    String base = scope + "/" + operator;
    String name = base;
    for (int i = 1; !names.add(name); i++) {
      name = base + "_" + i;
    }
    List<String> results = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      results.add(name + "_output_" + i);
    }
    nodes.add(new OnnxNode(operator, name, List.of(inputs), results, attributes));
    return results;
  }

  /**
   * The message {@code GraphProto}.
   *
   * @param name of the graph
   * @param store how a weight's tensor gets its numbers
   */
  ProtoMessage toProto(String name, Function<OnnxWeight, ProtoMessage> store) {
    ProtoMessage graph = new ProtoMessage();
    for (OnnxNode node : nodes) {
      graph.message(
          1,
          new OnnxNode(
                  node.operator(),
                  node.name(),
                  renamed(node.inputs()),
                  renamed(node.outputs()),
                  node.attributes())
              .toProto());
    }
    graph.text(2, name);
    constants.values().forEach(constant -> graph.message(5, constant));
    weights.values().forEach(weight -> graph.message(5, store.apply(weight)));
    inputs.forEach(input -> graph.message(11, input));
    outputs.forEach(output -> graph.message(12, output));
    return graph;
  }

  private List<String> renamed(List<String> tensors) {
    return tensors.stream().map(tensor -> outputNames.getOrDefault(tensor, tensor)).toList();
  }

  /** The beginning of the message {@code TensorProto}, without numbers. */
  static ProtoMessage tensor(String name, DataType type, Shape shape) {
    ProtoMessage tensor = new ProtoMessage();
    for (long dimension : shape.getShape()) {
      tensor.number(1, dimension);
    }
    return tensor.number(2, typeNumber(type)).text(8, name);
  }

  private static ProtoMessage value(String name, DataType type, Object... dimensions) {
    ProtoMessage shape = new ProtoMessage();
    for (Object dimension : dimensions) {
      ProtoMessage proto = new ProtoMessage();
      shape.message(
          1,
          dimension instanceof Long size
              ? proto.number(1, size)
              : proto.text(2, dimension.toString()));
    }
    ProtoMessage tensor = new ProtoMessage().number(1, typeNumber(type)).message(2, shape);
    return new ProtoMessage().text(1, name).message(2, new ProtoMessage().message(1, tensor));
  }

  /** The number of a type in TensorProto.DataType. */
  private static long typeNumber(DataType type) {
    return switch (type) {
      case FLOAT32 -> 1;
      case INT32 -> 6;
      case INT64 -> 7;
      case BOOLEAN -> 9;
      case FLOAT16 -> 10;
      default -> throw new IllegalArgumentException("no tensors of type " + type + " here");
    };
  }
}
