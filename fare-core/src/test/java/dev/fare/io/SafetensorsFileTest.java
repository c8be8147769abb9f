package dev.fare.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsFileTest {

  @TempDir Path directory;

  @Test
  void readsAFileThatTheReferenceImplementationWrote() throws IOException {
    SafetensorsFile file = SafetensorsFile.read(recorded());

    try (NDManager manager = NDManager.newBaseManager()) {
      assertThat(get(file.tensors(), "out.loss").shape()).isEqualTo(new Shape());
      assertThat(get(file.tensors(), "out.loss").read(manager).getFloat()).isEqualTo(5.100928f);
      assertThat(get(file.tensors(), "input_ids").read(manager).get(0).toFloatArray())
          .containsExactly(1, 17, 42, 5, 88, 3, 64, 23, 7, 31);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "F64, 8, 3ff8000000000000, 1.5",
    "F64, 8, 3ff0000010000001, 1.0000001192092896", // rounds up to the next float32
    "F64, 8, 7fefffffffffffff, Infinity",
    "F32, 4, 00000001, 1.4e-45",
    "F16, 2, 3e00, 1.5",
    "F16, 2, c000, -2",
    "F16, 2, 7bff, 65504",
    "F16, 2, 0001, 5.9604645e-8",
    "F16, 2, 83ff, -6.097555e-5",
    "F16, 2, 0400, 6.1035156e-5",
    "F16, 2, fc00, -Infinity",
    "F16, 2, 7e01, NaN",
    "F16, 2, 8000, -0.0",
    "BF16, 2, 3fc0, 1.5",
    "BF16, 2, 8000, -0.0",
    "BF16, 2, 7f80, Infinity",
    "BF16, 2, 0001, 9.18355e-41",
    "I64, 8, fffffffffffffffe, -2",
    "I32, 4, fffffffe, -2",
    "I16, 2, fffe, -2",
    "I8, 1, fe, -2",
    "U8, 1, fe, 254",
    "BOOL, 1, 01, 1",
  })
  void widensEveryTypeToFloat32(String type, int bytes, String bits, float expected)
      throws IOException {
    byte[] data = new byte[bytes];
    long value = Long.parseUnsignedLong(bits, 16);
    for (int i = 0; i < bytes; i++) {
      data[i] = (byte) (value >>> (8 * i));
    }
    String header =
        "{\"x\":{\"dtype\":\"%s\",\"shape\":[1],\"data_offsets\":[0,%d]}}".formatted(type, bytes);

    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray array = get(SafetensorsFile.read(file(header, data)).tensors(), "x").read(manager);

      assertThat(array.getDataType()).isEqualTo(DataType.FLOAT32);
      assertThat(Float.floatToIntBits(array.toFloatArray()[0]))
          .isEqualTo(Float.floatToIntBits(expected));
    }
  }

  @Test
  void widensMoreThanOneChunk() throws IOException {
    int size = 1_300_001;
    ByteBuffer data = ByteBuffer.allocate(2 * size).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < size; i++) {
      data.putShort((short) i);
    }
    String header =
        "{\"x\":{\"dtype\":\"I16\",\"shape\":[%d],\"data_offsets\":[0,%d]}}"
            .formatted(size, 2 * size);

    try (NDManager manager = NDManager.newBaseManager()) {
      float[] values =
          get(SafetensorsFile.read(file(header, data.array())).tensors(), "x")
              .read(manager)
              .toFloatArray();

      for (int i = 0; i < size; i++) {
        if (values[i] != (short) i) {
          throw new AssertionError("element " + i + " is " + values[i]);
        }
      }
    }
  }

  @Test
  void readsBeyondTwoGigabytes() throws IOException {
    Path file = directory.resolve("large.safetensors");
    long gap = 3L << 30;
    String header =
        ("{\"gap\":{\"dtype\":\"U8\",\"shape\":[%d],\"data_offsets\":[0,%d]},"
                + "\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[%d,%d]}}")
            .formatted(gap, gap, gap, gap + 8);
    try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
      sparse.write(bytes(header, new byte[0]));
      sparse.seek(8 + header.length() + gap);
      sparse.write(new byte[] {0, 0, (byte) 0xC0, 0x3F, 0, 0, 0, (byte) 0xC0});
    }

    try (NDManager manager = NDManager.newBaseManager()) {
      assertThat(get(SafetensorsFile.read(file).tensors(), "x").read(manager).toFloatArray())
          .containsExactly(1.5f, -2);
    }
  }

  @Test
  void acceptsEmptyFilesPaddingAndTensorsWithoutElements() throws IOException {
    assertThat(SafetensorsFile.read(file("{}   ", new byte[0])).tensors()).isEmpty();
    assertThat(
            SafetensorsFile.read(file("{\"__metadata__\":{\"a\":\"b\"}}", new byte[0])).metadata())
        .containsExactly(Map.entry("a", "b"));
    String header =
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2,0],\"data_offsets\":[0,0]},"
            + "\"b\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}}";
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray empty =
          get(SafetensorsFile.read(file(header, new byte[0])).tensors(), "a").read(manager);
      assertThat(empty.getShape()).isEqualTo(new Shape(2, 0));
    }
  }

  @Test
  void takesNullForNoMetadata() throws IOException {
    SafetensorsFile file =
        SafetensorsFile.read(
            file(
                "{\"__metadata__\": null, \"a\":"
                    + " {\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
                new byte[4]));

    assertThat(file.metadata()).isEmpty();
    assertThat(file.tensors()).containsOnlyKeys("a");
  }

  @ParameterizedTest
  @ValueSource(strings = {"U16", "F8_E4M3", "F4"})
  void refusesATensorOfAnUnknownTypeAloneAndWhenItIsRead(String type) throws IOException {
    String header =
        "{\"a\":{\"dtype\":\"%s\",\"shape\":[2],\"data_offsets\":[0,4]},"
            + "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}";
    Path path = file(header.formatted(type), new byte[8]);
    Map<String, LazyTensor> tensors = SafetensorsFile.read(path).tensors();

    try (NDManager manager = NDManager.newBaseManager()) {
      assertThat(get(tensors, "b").read(manager).getFloat()).isZero();
      assertThat(get(tensors, "a").shape()).isEqualTo(new Shape(2));
      assertThatThrownBy(() -> get(tensors, "a").read(manager))
          .isInstanceOf(ModelFormatException.class)
          .hasMessageContaining(path + ": tensor 'a' has the type " + type);
    }
  }

  static Stream<List<String>> brokenHeaders() {
    String f32 = "{\"x\":{\"dtype\":\"F32\",\"shape\":%s,\"data_offsets\":%s}}";
    String two =
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[%d,%d]},"
            + "\"y\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[%d,%d]}}";
    return Stream.of(
        List.of(" {}", "starts with '{'"),
        List.of("[]", "starts with '{'"),
        List.of("{\"x\"", "not valid JSON"),
        List.of("{} {}", "not valid JSON"),
        List.of("{}x", "not valid JSON"),
        List.of("{'x':1}", "not valid JSON"),
        List.of("{\"x\":3}", "not valid JSON"),
        List.of("{\"x\":" + "[".repeat(10_000), "not valid JSON"),
        List.of("{\"x\":{\"dtype\":\"F32\",\"shape\":[1]}}", "'x' must have"),
        List.of("{\"x\":{\"dtype\":7,\"shape\":[1],\"data_offsets\":[0,4]}}", "no string"),
        List.of("{\"x\":{\"dtype\":\"F32\",\"color\":1}}", "unknown property 'color'"),
        List.of("{\"x\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}", "'x.dtype' twice"),
        List.of("{\"__metadata__\":{\"a\":1}}", "strings only"),
        List.of("{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}", "'__metadata__.a' twice"),
        List.of("{\"__metadata__\":{},\"__metadata__\":{}}", "'__metadata__' twice"),
        List.of(f32.formatted("[1]", "[0]"), "two data_offsets"),
        List.of(f32.formatted("[1]", "[0,4,8]"), "up to 2"),
        List.of(f32.formatted("[1]", "[0,4.0]"), "whole numbers"),
        List.of(f32.formatted("[1]", "[0,\"4\"]"), "whole numbers"),
        List.of(f32.formatted("[-1]", "[0,4]"), "whole numbers"),
        List.of(f32.formatted("[1]", "[-4,0]"), "whole numbers"),
        List.of(f32.formatted("[1]", "[0,99999999999999999999]"), "whole numbers"),
        List.of(f32.formatted("[1]", "[4,8]"), "must start at 0"),
        List.of(f32.formatted("[1]", "[4,0]"), "must start at 0"),
        List.of(f32.formatted("[2]", "[0,4]"), "needs 8 bytes but has 4"),
        List.of(f32.formatted("[1]", "[0,8]"), "needs 4 bytes but has 8"),
        List.of(
            f32.formatted("[4294967296,4294967296]", "[0,4]"), "more bytes than 64 bits can count"),
        List.of(f32.formatted("[2]", "[0,8]"), "cut off or something was appended"),
        List.of(f32.formatted("[0]", "[0,0]"), "cut off or something was appended"),
        List.of(two.formatted(0, 4, 0, 4), "'y' has data_offsets [0, 4] but must start at 4"),
        List.of(two.formatted(0, 4, 8, 12), "'y' has data_offsets [8, 12] but must start at 4"),
        List.of(two.replace("\"y\"", "\"x\"").formatted(0, 4, 4, 8), "'x' twice"));
  }

  @ParameterizedTest
  @MethodSource("brokenHeaders")
  void refusesABrokenHeaderByName(List<String> headerAndMessage) throws IOException {
    Path file = file(headerAndMessage.get(0), new byte[4]);

    assertThatThrownBy(() -> SafetensorsFile.read(file))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining(file.toString())
        .hasMessageContaining(headerAndMessage.get(1));
  }

  @ParameterizedTest
  @CsvSource({"-1", "100000001", "3", "9223372036854775807"})
  void refusesALyingHeaderLength(long length) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(10).order(ByteOrder.LITTLE_ENDIAN).putLong(length);
    Path file = Files.write(directory.resolve("x.safetensors"), bytes.array());

    assertThatThrownBy(() -> SafetensorsFile.read(file))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining("the header must lie within the file's 10 bytes");
  }

  @Test
  void refusesAHeaderThatIsNotUtf8() throws IOException {
    byte[] bytes = bytes("{\"?\":1}", new byte[0]);
    bytes[10] = (byte) 0xFF;
    Path file = Files.write(directory.resolve("x.safetensors"), bytes);

    assertThatThrownBy(() -> SafetensorsFile.read(file)).hasMessageContaining("UTF-8");
  }

  @Test
  void refusesEveryCutOfAFile() throws IOException {
    byte[] whole = Files.readAllBytes(recorded());
    for (int length : new int[] {0, 7, 8, 100, 3_000, whole.length / 2, whole.length - 1}) {
      Path file = Files.write(directory.resolve("cut.safetensors"), Arrays.copyOf(whole, length));
      assertThatThrownBy(() -> SafetensorsFile.read(file)).isInstanceOf(ModelFormatException.class);
    }
  }

  @Test
  void namesTheTensorWhenTheFileShrinksBeneathIt() throws IOException {
    Path file = directory.resolve("x.safetensors");
    Files.copy(recorded(), file);
    LazyTensor last = get(SafetensorsFile.read(file).tensors(), "rope.sin");
    try (RandomAccessFile shrinking = new RandomAccessFile(file.toFile(), "rw")) {
      shrinking.setLength(5_000);
    }

    try (NDManager manager = NDManager.newBaseManager()) {
      assertThatThrownBy(() -> last.read(manager))
          .isInstanceOf(ModelFormatException.class)
          .hasMessageContaining("'rope.sin'");
    }
  }

  @Test
  void writesWhatItReadsBitForBitAndAlwaysTheSameBytes() throws IOException {
    Path first = directory.resolve("first.safetensors");
    Path second = directory.resolve("second.safetensors");
    try (NDManager manager = NDManager.newBaseManager()) {
      Map<String, NDArray> tensors = new LinkedHashMap<>();
      tensors.put("b", manager.create(new float[] {1, 2, 3, 4, 5, 6}, new Shape(2, 3)).transpose());
      tensors.put("ä", manager.create(Float.MIN_VALUE));
      tensors.put("a", manager.create(new Shape(3, 0)));
      SafetensorsWriter.write(first, tensors);
      SafetensorsWriter.write(second, new TreeMap<>(tensors));

      assertThat(first).hasSameBinaryContentAs(second);
      assertThat(
              ByteBuffer.wrap(Files.readAllBytes(first)).order(ByteOrder.LITTLE_ENDIAN).getLong())
          .matches(length -> length % 8 == 0, "a header padded to eight bytes");
      Map<String, LazyTensor> read = SafetensorsFile.read(first).tensors();
      assertThat(read.keySet()).containsExactlyInAnyOrder("a", "b", "ä");
      assertThat(get(read, "b").shape()).isEqualTo(new Shape(3, 2));
      assertThat(get(read, "b").read(manager).toFloatArray()).containsExactly(1, 4, 2, 5, 3, 6);
      assertThat(get(read, "ä").read(manager).getFloat()).isEqualTo(Float.MIN_VALUE);
      assertThat(get(read, "a").shape()).isEqualTo(new Shape(3, 0));
    }
    assertThat(directory).isDirectoryNotContaining("glob:**/.*");
  }

  @Test
  void writesHalfPrecisionOnRequest() throws IOException {
    Path file = directory.resolve("half.safetensors");
    try (NDManager manager = NDManager.newBaseManager()) {
      Map<String, NDArray> tensors = Map.of("x", manager.create(new float[] {1.5f, 0.1f}));
      SafetensorsWriter.write(file, tensors, DataType.FLOAT16, Map.of());

      assertThat(get(SafetensorsFile.read(file).tensors(), "x").read(manager).toFloatArray())
          .containsExactly(1.5f, 0.099975586f);
      assertThatThrownBy(() -> SafetensorsWriter.write(file, tensors, DataType.BFLOAT16, Map.of()))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("bfloat16");
    }
  }

  private static <T> T get(Map<String, T> map, String name) {
    return Objects.requireNonNull(map.get(name), name);
  }

  private static Path recorded() throws IOException {
    try {
      return Path.of(
          Objects.requireNonNull(SafetensorsFileTest.class.getResource("recorded.safetensors"))
              .toURI());
    } catch (URISyntaxException e) {
      throw new IOException(e);
    }
  }

  private Path file(String header, byte[] data) throws IOException {
    return Files.write(directory.resolve("test.safetensors"), bytes(header, data));
  }

  private static byte[] bytes(String header, byte[] data) throws IOException {
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(json.length).array());
    out.write(json);
    out.write(data);
    return out.toByteArray();
  }
}
