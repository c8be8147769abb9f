package dev.fare.models.export.gguf;

import dev.fare.io.ElementType;
import java.util.Arrays;
import java.util.Optional;

/** How GGUF stores the numbers of a tensor: plainly, or quantised in blocks. */
public enum GgufType {
  F32(0, 1, 4, ElementType.F32),
  F16(1, 1, 2, ElementType.F16),
  Q4_0(2, 32, 18),
  Q4_1(3, 32, 20),
  Q5_0(6, 32, 22),
  Q5_1(7, 32, 24),
  Q8_0(8, 32, 34),
  Q8_1(9, 32, 36),
  Q2_K(10, 256, 84),
  Q3_K(11, 256, 110),
  Q4_K(12, 256, 144),
  Q5_K(13, 256, 176),
  Q6_K(14, 256, 210),
  Q8_K(15, 256, 292),
  I8(24, 1, 1, ElementType.I8),
  I16(25, 1, 2, ElementType.I16),
  I32(26, 1, 4, ElementType.I32),
  I64(27, 1, 8, ElementType.I64),
  F64(28, 1, 8, ElementType.F64),
  BF16(30, 1, 2, ElementType.BF16);

  private final int number;
  private final int blockSize;
  private final int blockBytes;
  private final Optional<ElementType> elements;

  GgufType(int number, int blockSize, int blockBytes) {
    this.number = number;
    this.blockSize = blockSize;
    this.blockBytes = blockBytes;
    elements = Optional.empty();
  }

  GgufType(int number, int blockSize, int blockBytes, ElementType elements) {
    this.number = number;
    this.blockSize = blockSize;
    this.blockBytes = blockBytes;
    this.elements = Optional.of(elements);
  }

  /** The type's number in a file. */
  int number() {
    return number;
  }

  /** How many numbers a block holds; 1 where they are stored plainly. */
  int blockSize() {
    return blockSize;
  }

  /** The number of bytes of a block. */
  int blockBytes() {
    return blockBytes;
  }

  /** What a plainly stored number is; empty where they are quantised. */
  Optional<ElementType> elements() {
    return elements;
  }

  static Optional<GgufType> numbered(long number) {
    return Arrays.stream(values()).filter(type -> type.number == number).findFirst();
  }
}
