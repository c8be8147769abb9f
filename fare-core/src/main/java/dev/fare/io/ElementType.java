package dev.fare.io;

import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Optional;

/** How a number lies in a model file, little-endian, and how it becomes a float32. */
public enum ElementType {
  F64(8) {
    @Override
    float widen(ByteBuffer source) {
      return (float) source.getDouble();
    }
  },
  F32(4) {
    @Override
    float widen(ByteBuffer source) {
      return source.getFloat();
    }
  },
  F16(2) {
    @Override
    float widen(ByteBuffer source) {
      return halfToFloat(source.getShort());
    }
  },
  BF16(2) {
    @Override
    float widen(ByteBuffer source) {
      return Float.intBitsToFloat(source.getShort() << 16);
    }
  },
  I64(8) {
    @Override
    float widen(ByteBuffer source) {
      return source.getLong();
    }
  },
  I32(4) {
    @Override
    float widen(ByteBuffer source) {
      return source.getInt();
    }
  },
  I16(2) {
    @Override
    float widen(ByteBuffer source) {
      return source.getShort();
    }
  },
  I8(1) {
    @Override
    float widen(ByteBuffer source) {
      return source.get();
    }
  },
  U8(1) {
    @Override
    float widen(ByteBuffer source) {
      return source.get() & 0xFF;
    }
  },
  BOOL(1) {
    @Override
    float widen(ByteBuffer source) {
      return source.get() == 0 ? 0 : 1;
    }
  };

  private static final int HALF_EXPONENT_BIAS = 15;
  private static final int FLOAT_EXPONENT_BIAS = 127;

  private final int bytes;

  ElementType(int bytes) {
    this.bytes = bytes;
  }

  /** The number of bytes of one element. */
  public int bytes() {
    return bytes;
  }

  /**
   * The number of bytes of a tensor.
   *
   * @throws ArithmeticException if they, or the strides of a tensor without elements, are beyond 64
   *     bits
   */
  public long bytesOf(Shape shape) {
    long extent = bytes;
    for (long dimension : shape.getShape()) {
      extent = Math.multiplyExact(extent, Math.max(dimension, 1));
    }
    return shape.size() == 0 ? 0 : extent;
  }

  /** The next element of a little-endian buffer as a float32, rounded to nearest where it must. */
  abstract float widen(ByteBuffer source);

  /** All whole elements between the source's position and limit. */
  void widen(ByteBuffer source, FloatBuffer target) {
    for (int left = source.remaining() / bytes; left > 0; left--) {
      target.put(widen(source));
    }
  }

  /** By its name in safetensors, which is the constant's. */
  static Optional<ElementType> named(String name) {
    return Arrays.stream(values()).filter(type -> type.name().equals(name)).findFirst();
  }

  private static float halfToFloat(short bits) {
    int sign = (bits & 0x8000) << 16;
    int exponent = (bits >> 10) & 0x1F;
    int mantissa = bits & 0x3FF;
    if (exponent == 0) {
      // Zero or subnormal: mantissa · 2^-24 is exact in float32.
      float magnitude = mantissa * 0x1p-24f;
      return sign == 0 ? magnitude : -magnitude;
    }
    int wideExponent =
        exponent == 0x1F ? 0xFF : exponent - HALF_EXPONENT_BIAS + FLOAT_EXPONENT_BIAS;
    return Float.intBitsToFloat(sign | (wideExponent << 23) | (mantissa << 13));
  }
}
