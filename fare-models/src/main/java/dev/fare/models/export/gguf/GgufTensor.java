package dev.fare.models.export.gguf;

import ai.djl.ndarray.types.Shape;

/**
 * Where a tensor lies in a GGUF file.
 *
 * @param name such as {@code v.blk.0.attn_q.weight}
 * @param shape in row-major order, the reverse of how the file writes it
 * @param type of its numbers
 * @param position of its first byte in the file
 * @param bytes how many it has, without the padding behind
 */
public record GgufTensor(String name, Shape shape, GgufType type, long position, long bytes) {}
