package dev.fare.torch;

import ai.djl.Device;
import ai.djl.util.cuda.CudaUtils;
import dev.fare.Precision;
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
public final class PrecisionChoice {

  private static final Logger log = LoggerFactory.getLogger(PrecisionChoice.class);
  private static final List<String> CPU_FEATURES = List.of("amx_bf16", "avx512_bf16");
  private static final int AMPERE = 80;

  private PrecisionChoice() {}

  /** Resolves AUTO, and says so in the log. */
  public static Precision of(Precision asked, Device device) {
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

  /** Whether a device has matrix units for bfloat16. */
  static boolean isFastInBfloat16(Device device) {
    if (device.isGpu()) {
      return Integer.parseInt(CudaUtils.getComputeCapability(device.getDeviceId())) >= AMPERE;
    }
    return device.getDeviceType().equals(Device.Type.CPU) && multipliesBfloat16(CpuInfo.here());
  }

  static boolean multipliesBfloat16(CpuInfo cpu) {
    return !Collections.disjoint(cpu.features(), CPU_FEATURES);
  }
}
