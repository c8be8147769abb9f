package dev.fare.torch;

import ai.djl.pytorch.jni.JniUtils;

/**
 * Whether this thread records operations for autograd, for the length of a {@code try} block.
 *
 * <pre>{@code
 * try (GradMode off = GradMode.noGrad()) {
 *   reference = original.embed(pixels);
 * }
 * }</pre>
 */
public final class GradMode implements AutoCloseable {

  private final boolean before;

  private GradMode(boolean enabled) {
    before = JniUtils.isGradMode();
    JniUtils.setGradMode(enabled);
  }

  /** Records nothing until closed. */
  public static GradMode noGrad() {
    return new GradMode(false);
  }

  /** Records until closed, whatever the caller's mode is. */
  public static GradMode enableGrad() {
    return new GradMode(true);
  }

  /** Restores the mode that was found; must be called on the thread that opened it. */
  @Override
  public void close() {
    JniUtils.setGradMode(before);
  }
}
