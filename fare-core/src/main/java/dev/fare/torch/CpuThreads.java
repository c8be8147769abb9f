package dev.fare.torch;

import ai.djl.pytorch.jni.JniUtils;

/** How many threads libtorch shares one operation on the CPU out to. */
public final class CpuThreads {

  private CpuThreads() {}

  /** As set by {@code -Dai.djl.pytorch.num_threads} or the environment, else the CPU's cores. */
  public static int count() {
    return JniUtils.getNumThreads();
  }
}
