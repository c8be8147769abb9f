package dev.fare;

/** The arithmetic inside an encoder; pixels, gradients and embeddings are float32 always. */
public enum Precision {
  /** 32-bit floating point throughout. */
  FLOAT32,
  /** bfloat16 in the layers, float32 at the borders and in normalisations. */
  BFLOAT16,
  /**
   * float16 in the layers, float32 at the borders and in normalisations: three more bits of
   * mantissa than bfloat16, and numbers up to 65,504. For attacks and answers; training scales no
   * loss, so that small gradients of weights vanish.
   */
  FLOAT16,
  /** The library chooses by device, and says what it chose. */
  AUTO
}
