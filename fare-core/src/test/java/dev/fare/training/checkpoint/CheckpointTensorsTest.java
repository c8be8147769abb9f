package dev.fare.training.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointTensorsTest {

  @TempDir Path directory;
  private NDManager manager;
  private final Map<String, NDArray> tensors = new LinkedHashMap<>();

  @BeforeEach
  void makeTensors() {
    manager = NDManager.newBaseManager();
    tensors.put("b", manager.create(new float[] {1.5f, -2}));
    tensors.put("a", manager.create(3f));
  }

  @AfterEach
  void freeTensors() {
    manager.close();
  }

  @Test
  void keepsTheLayoutOfCheckpointsThatAreThereAlready() throws IOException {
    String header =
        "{\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
            + "\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[8,12]}}     ";
    ByteBuffer expected =
        ByteBuffer.allocate(8 + header.length() + 12).order(ByteOrder.LITTLE_ENDIAN);
    expected.putLong(header.length()).put(header.getBytes(StandardCharsets.UTF_8));
    expected.putFloat(1.5f).putFloat(-2).putFloat(3);

    CheckpointTensors.write(directory.resolve("x.safetensors"), tensors);

    assertThat(header.length() % 8).isZero();
    assertThat(directory.resolve("x.safetensors")).hasBinaryContent(expected.array());
  }

  @Test
  void refusesOtherTensorsThanTheTrainers() throws IOException {
    Path file = directory.resolve("x.safetensors");
    CheckpointTensors.write(file, tensors);
    tensors.put("b", manager.create(new float[1][2]));

    assertThatThrownBy(() -> CheckpointTensors.readInto(file, tensors))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("holds other tensors than this trainer's 2");
    tensors.put("b", manager.zeros(new Shape(2), DataType.FLOAT64));
    assertThatThrownBy(() -> CheckpointTensors.write(directory.resolve("y"), tensors))
        .hasMessage("weights must be float32, got float64 in b");
    assertThat(Files.exists(directory.resolve("y"))).isFalse();
  }
}
