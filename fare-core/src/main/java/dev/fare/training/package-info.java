/**
 * {@code FareTrainer} and its parts: losses, optimizers, schedules, checkpoints, validation.
 *
 * <p>A directory of checkpoints holds a file {@code lock} and one directory for each checkpoint,
 * {@code step-000001400}, with
 *
 * <ul>
 *   <li>{@code weights.safetensors}: all weights under the encoder's own names;
 *   <li>{@code optimizer.safetensors}: the moments and the number of updates;
 *   <li>{@code average.safetensors}: the moving average, where one is kept;
 *   <li>{@code best.safetensors}: the weights of the best validation, where they are wanted back;
 *   <li>{@code state.json}: step, settings, data, fingerprint of the original, versions, and what
 *       the summary will tell;
 *   <li>{@code manifest.json}: size and SHA-256 of each of them.
 * </ul>
 *
 * <p>Each is written under a hidden temporary name, synced, and renamed: it is whole or absent. The
 * step is also the position in the data and in every sequence of random draws. A damaged one is set
 * aside under the name {@code damaged-step-000001400} until the run has come past its step.
 */
@NullMarked
package dev.fare.training;

import org.jspecify.annotations.NullMarked;
