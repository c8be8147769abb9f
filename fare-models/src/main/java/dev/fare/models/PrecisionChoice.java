package dev.fare.models;

import ai.djl.Device;
import ai.djl.util.cuda.CudaUtils;
import dev.fare.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What {@link Precision#AUTO} means on a device: bfloat16 where the hardware has matrix units for
 * it.
 *
 * <p>Those are GPUs from compute capability 8.0 (Ampere) and CPUs with AMX or with AVX-512's dot
 * products of bfloat16, with which a pixel gradient took 0.52 of its float32 time on an AMD EPYC of
 * the fourth generation. AVX-512 alone does not count: there bfloat16 was slower.
 */
final class PrecisionChoice {

  private static final Logger log = LoggerFactory.getLogger(PrecisionChoice.class);
  private static final Path CPU_INFO = Path.of("/proc/cpuinfo");
  private static final List<String> CPU_FEATURES = List.of("amx_bf16", "avx512_bf16");
  private static final int AMPERE = 80;

  private PrecisionChoice() {}

  /** Resolves AUTO, and says so. */
  static Precision of(Precision asked, Device device) {
    if (asked == Precision.AUTO) {
      Precision chosen = isFastInBfloat16(device) ? Precision.BFLOAT16 : Precision.FLOAT32;
      log.info("precision AUTO is {} on {}", chosen, device);
      return chosen;
    }
    if (asked == Precision.BFLOAT16 && !isFastInBfloat16(device)) {
      log.info("{} has no matrix units for bfloat16: FLOAT32 may be faster", device);
    }
    return asked;
  }

  private static boolean isFastInBfloat16(Device device) {
    if (device.isGpu()) {
      return Integer.parseInt(CudaUtils.getComputeCapability(device.getDeviceId())) >= AMPERE;
    }
    return device.getDeviceType().equals(Device.Type.CPU) && multipliesBfloat16(CPU_INFO);
  }

  /** Whether Linux lists one of the CPU's features for it; elsewhere nobody knows. */
  static boolean multipliesBfloat16(Path cpuInfo) {
    if (!Files.isReadable(cpuInfo)) {
      return false;
    }
    try {
      return Files.readAllLines(cpuInfo).stream()
          .filter(line -> line.startsWith("flags"))
          .map(line -> Arrays.asList(line.split("\\s+")))
          .anyMatch(flags -> !Collections.disjoint(flags, CPU_FEATURES));
    } catch (IOException e) {
      log.info("can't read {}: assuming a CPU without matrix units for bfloat16", cpuInfo, e);
      return false;
    }
  }
}
