package dev.fare.torch;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.engine.StandardCapabilities;
import ai.djl.pytorch.jni.LibUtils;
import ai.djl.util.cuda.CudaUtils;
import java.lang.management.MemoryUsage;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What the engine runs on here, and what keeps it from a GPU.
 *
 * @param device where models go that are loaded without naming a device
 * @param facts name to value, in an order to be read: versions, where libtorch lies, the processor
 *     and its threads, each GPU with its memory
 * @param advice what to do so that a GPU is used that seems to be here; empty where nothing is
 */
public record EngineReport(Device device, Map<String, String> facts, Optional<String> advice) {

  private static final List<String> FEATURES =
      List.of("avx2", "avx512f", "avx512_bf16", "amx_bf16", "asimd");

  private static final int MEBIBYTE_BITS = 20;

  /**
   * Looks; starts the engine if that was not done yet.
   *
   * @throws ai.djl.engine.EngineException if its native libraries can't be loaded
   */
  public static EngineReport create() {
    Engine engine = TorchEngine.get();
    boolean isCudaBuild = engine.hasCapability(StandardCapabilities.CUDA);
    CudaSetup cuda = CudaSetup.here(isCudaBuild);
    CpuInfo cpu = CpuInfo.here();
    Map<String, String> facts = new LinkedHashMap<>(Versions.current());
    facts.put("java", System.getProperty("java.version"));
    facts.put("system", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
    facts.put("libtorch's folder", LibUtils.getLibtorchPath());
    facts.put("libtorch's build", isCudaBuild ? "CUDA" : "CPU");
    facts.put("default device", engine.defaultDevice().toString());
    facts.put("cpu", cpu.model());
    facts.put(
        "cpu features",
        FEATURES.stream().filter(cpu.features()::contains).collect(Collectors.joining(" ")));
    facts.put("cores", Integer.toString(Runtime.getRuntime().availableProcessors()));
    facts.put("threads", Integer.toString(CpuThreads.count()));
    facts.put("precision AUTO on cpu()", automatic(Device.cpu()));
    cuda.driver().ifPresent(version -> facts.put("GPU driver", version));
    facts.put("CUDA run-time library", cuda.runtime().orElse("not found"));
    for (int i = 0; i < cuda.gpus(); i++) {
      facts.put(Device.gpu(i).toString(), gpu(Device.gpu(i)));
    }
    return new EngineReport(engine.defaultDevice(), facts, cuda.obstacle());
  }

  private static String gpu(Device device) {
    MemoryUsage memory = CudaUtils.getGpuMemory(device);
    return "compute capability %s, %d of %d MiB used, precision AUTO is %s"
        .formatted(
            CudaUtils.getComputeCapability(device.getDeviceId()),
            memory.getUsed() >> MEBIBYTE_BITS,
            memory.getMax() >> MEBIBYTE_BITS,
            automatic(device));
  }

  private static String automatic(Device device) {
    return Bfloat16.isFast(device) ? "BFLOAT16" : "FLOAT32";
  }
}
