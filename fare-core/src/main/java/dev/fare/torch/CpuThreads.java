package dev.fare.torch;

import ai.djl.pytorch.jni.JniUtils;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How many threads libtorch shares one operation on the CPU out to. */
public final class CpuThreads {

  private static final Logger log = LoggerFactory.getLogger(CpuThreads.class);
  private static final String PROPERTY = "ai.djl.pytorch.num_threads";

  private CpuThreads() {}

  /**
   * As set by {@code -Dai.djl.pytorch.num_threads} or {@code OMP_NUM_THREADS}, else the processors
   * that this process may use.
   */
  public static int count() {
    return JniUtils.getNumThreads();
  }

  /** Gives libtorch no more threads than this process may use processors. */
  static void followTheQuota() {
    int processors = Runtime.getRuntime().availableProcessors();
    boolean isSet =
        System.getProperty(PROPERTY) != null
            || Stream.of("OMP_NUM_THREADS", "MKL_NUM_THREADS")
                .anyMatch(name -> System.getenv(name) != null);
    if (!isSet && count() > processors) {
      log.info("libtorch gets {} threads, of {} cores", processors, count());
      JniUtils.setNumThreads(processors);
    }
  }
}
