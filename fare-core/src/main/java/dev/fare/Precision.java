package dev.fare;

/** The arithmetic inside an encoder; pixels, gradients and embeddings are float32 always. */
public enum Precision {
  /** 32-bit floating point throughout. */
  FLOAT32,
  /** bfloat16 in the layers, float32 at the borders and in normalisations. */
  BFLOAT16,
  /** The library chooses by device, and says what it chose. */
  AUTO
}
