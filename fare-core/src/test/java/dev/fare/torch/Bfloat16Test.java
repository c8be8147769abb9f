package dev.fare.torch;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class Bfloat16Test {

  @TempDir private Path folder;

  @ParameterizedTest
  @CsvSource({"fpu avx512f amx_tile, false", "fpu amx_bf16, true", "fpu avx512_bf16, true"})
  void isFastOnlyWithMatrixUnits(String flags, boolean expected) throws IOException {
    Path file = folder.resolve("cpuinfo");
    Files.writeString(
        file,
        "processor\t: 0\nmodel name\t: A processor\nflags\t\t: "
            + flags
            + "\nbugs\t: \n\nprocessor\t: 1\nmodel name\t: Another\n");

    CpuInfo cpu = CpuInfo.read(file);

    assertThat(Bfloat16.isFast(cpu)).isEqualTo(expected);
    assertThat(cpu.model()).isEqualTo("A processor");
  }

  @Test
  void aMachineThatSaysNothingHasNone() {
    CpuInfo cpu = CpuInfo.read(folder.resolve("none"));

    assertThat(Bfloat16.isFast(cpu)).isFalse();
    assertThat(cpu.model()).isEqualTo("unknown");
  }
}
