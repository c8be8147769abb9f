/**
 * Tensors and settings in files: safetensors, strict JSON, and writing that leaves a file or
 * directory whole or absent.
 *
 * <p>What is read is hostile until it has been checked: sizes come before allocation, and nothing
 * stays open or mapped between reads.
 */
@NullMarked
package dev.fare.io;

import org.jspecify.annotations.NullMarked;
