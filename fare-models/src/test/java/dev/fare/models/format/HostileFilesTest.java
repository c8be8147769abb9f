package dev.fare.models.format;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Damages good files in many ways, always the same ones, and replays what the fuzzer has found. */
class HostileFilesTest {

  private static final int VARIANTS = 100;

  /** Where headers, pickles and directories lie. */
  private static final int EDGE_BYTES = 6_000;

  private static final List<Long> EXTREMES =
      List.of(0L, 1L, -1L, 0x7FL, 0x80L, 0x7FFFFFFFL, 0x80000000L, Long.MAX_VALUE, Long.MIN_VALUE);

  @TempDir Path directory;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "visual_tiny.safetensors",
        "torch/fare_tiny.pt",
        "torch/fare_tiny_legacy.pt",
        "torch/fare_tiny_wrapped.pt",
        "torch/openai_tiny.pt"
      })
  void everyReaderReadsDamageOrRefusesItInWords(String seed) throws IOException {
    byte[] good = Files.readAllBytes(Resources.path(seed));
    int refused = 0;
    for (int i = 0; i < VARIANTS; i++) {
      byte[] bad = damage(good, new Random(31L * seed.hashCode() + i));
      try {
        refused += HostileFiles.readWeights(bad, directory) ? 1 : 0;
      } catch (RuntimeException | Error e) {
        throw new AssertionError(seed + " damaged as number " + i, e);
      }
    }
    // most of a file's bytes are numbers, which may be any
    assertThat(refused).isBetween(VARIANTS / 2, VARIANTS - 1);
  }

  @ParameterizedTest
  @CsvSource({
    "hf_clip_quick_gelu, config.json, model.safetensors",
    "open_clip_quickgelu, open_clip_config.json, open_clip_model.safetensors",
    "open_clip_convnext, open_clip_config.json, open_clip_model.safetensors"
  })
  void everyConfigurationIsReadOrRefusedInWords(String model, String name, String weights)
      throws IOException {
    String good = Files.readString(Resources.path(model).resolve(name));
    Path file = Resources.path(model).resolve(weights);
    List<String> values = List.of("0", "-1", "1e300", "2147483648", "null", "[]", "{}");
    List<String> parts = List.of(good.split("(?<=[:,])|(?=[,}])", -1));
    int refused = 0;
    for (int i = 0; i < parts.size(); i++) {
      for (String value : values) {
        String bad =
            String.join("", parts.subList(0, i))
                + value
                + String.join("", parts.subList(i + 1, parts.size()));
        byte[] json = bad.getBytes(StandardCharsets.UTF_8);
        refused += HostileFiles.readConfiguration(json, name, file, directory) ? 1 : 0;
      }
    }
    assertThat(refused).isBetween(400, parts.size() * values.size() - 1);
  }

  static Stream<Path> corpus() throws IOException {
    return Files.list(Resources.path("corpus"));
  }

  @ParameterizedTest
  @MethodSource("corpus")
  void whatTheFuzzerFoundStaysRefused(Path file) throws IOException {
    assertThat(HostileFiles.readWeights(Files.readAllBytes(file), directory)).isTrue();
  }

  @ParameterizedTest
  @EnumSource
  void whatTheFuzzerReachedIsReadOrRefusedInWords(Target target) throws IOException {
    Path inputs = Path.of("src/fuzz/resources/dev/fare/models/format/ReadersFuzzInputs");
    try (Stream<Path> files = Files.list(inputs.resolve(target.name()))) {
      List<Path> found = files.sorted().toList();
      int refused = 0;
      for (Path file : found) {
        try {
          refused += target.read(Files.readAllBytes(file), directory) ? 1 : 0;
        } catch (RuntimeException | Error e) {
          throw new AssertionError(file.toString(), e);
        }
      }
      assertThat(refused).isBetween(50, found.size() - 1);
    }
  }

  /** What the fuzzer aims at, by the names of its methods. */
  enum Target {
    anyWeightFile {
      @Override
      boolean read(byte[] bytes, Path directory) throws IOException {
        return HostileFiles.readWeights(bytes, directory);
      }
    },
    pickle {
      @Override
      boolean read(byte[] bytes, Path directory) throws IOException {
        return HostileFiles.readPickle(bytes, directory);
      }
    },
    configuration {
      @Override
      boolean read(byte[] bytes, Path directory) throws IOException {
        Path weights = Resources.path("hf_clip_quick_gelu").resolve("model.safetensors");
        return HostileFiles.readConfiguration(bytes, "config.json", weights, directory);
      }
    };

    abstract boolean read(byte[] bytes, Path directory) throws IOException;
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void noReaderLeavesAFileOpen() throws IOException {
    for (String seed :
        List.of(
            "visual_tiny.safetensors",
            "torch/fare_tiny.pt",
            "torch/fare_tiny_legacy.pt",
            "torch/openai_tiny.pt")) {
      byte[] good = Files.readAllBytes(Resources.path(seed));
      assertThat(HostileFiles.readWeights(good, directory)).isFalse();
      byte[] half = Arrays.copyOf(good, good.length / 2);
      assertThat(HostileFiles.readWeights(half, directory)).isTrue();
      assertThat(HostileFiles.readWeights(Arrays.copyOf(good, 9), directory)).isTrue();
    }

    try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
      assertThat(open.map(HostileFilesTest::target))
          .noneMatch(target -> target.startsWith(directory.toString()));
    }
    assertThat(Files.readString(Path.of("/proc/self/maps"))).doesNotContain(directory.toString());
  }

  private static String target(Path link) {
    try {
      return Files.readSymbolicLink(link).toString();
    } catch (IOException e) {
      return ""; // It was closed in the meantime.
    }
  }

  private static byte[] damage(byte[] good, Random random) {
    byte[] bad = good.clone();
    int times = 1 + random.nextInt(3);
    for (int i = 0; i < times; i++) {
      int at = position(bad.length, random);
      switch (random.nextInt(5)) {
        case 0 -> bad[at] ^= (byte) (1 << random.nextInt(8));
        case 1 -> bad[at] = (byte) random.nextInt(256);
        case 2 -> {
          long value = EXTREMES.get(random.nextInt(EXTREMES.size()));
          int width = 1 << random.nextInt(4);
          for (int j = 0; j < width && at + j < bad.length; j++) {
            bad[at + j] = (byte) (value >>> (8 * j));
          }
        }
        case 3 -> bad = splice(bad, at, Math.min(bad.length, at + random.nextInt(64)), new byte[0]);
        default -> {
          int end = Math.min(bad.length, at + 1 + random.nextInt(64));
          bad = splice(bad, at, at, Arrays.copyOfRange(bad, at, end));
        }
      }
    }
    return bad;
  }

  private static int position(int length, Random random) {
    int edge = random.nextInt(Math.min(EDGE_BYTES, length));
    return random.nextBoolean() ? edge : length - 1 - edge;
  }

  private static byte[] splice(byte[] bytes, int from, int to, byte[] replacement) {
    byte[] spliced = new byte[bytes.length - (to - from) + replacement.length];
    System.arraycopy(bytes, 0, spliced, 0, from);
    System.arraycopy(replacement, 0, spliced, from, replacement.length);
    System.arraycopy(bytes, to, spliced, from + replacement.length, bytes.length - to);
    return spliced;
  }
}
