/**
 * The vocabulary of adversarial robustness: encoders, threat models, objectives and attacks.
 *
 * <h2>Who owns what</h2>
 *
 * <p>An array that a method returns belongs to the manager that the method was given, else to that
 * of its first array, which in most cases is the pixels'. Arguments stay the caller's: nothing
 * closes the encoder, the weights or the class embeddings that it was built on, and they stay open
 * as long as it is used. Whoever makes or loads something with a {@code close()} closes it. A copy
 * is independent. A view, such as an encoder with activation checkpointing, lives as long as what
 * it looks at and frees nothing.
 *
 * <h2>What is thrown</h2>
 *
 * <p>A caller's mistake is an {@link java.lang.IllegalArgumentException}, a call at the wrong time
 * an {@link java.lang.IllegalStateException}. Files throw {@link java.io.IOException}. Only what is
 * called once a step, such as a training, wraps it in an {@link java.io.UncheckedIOException}.
 */
@NullMarked
package dev.fare;

import org.jspecify.annotations.NullMarked;
