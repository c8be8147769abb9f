package dev.fare.vlm.flamingo;

/** Which images a word looks at. */
public enum MediaAttention {
  /** The last one before it: OpenFlamingo's published models. Words before any image see none. */
  IMMEDIATE,
  /** All before it. Words before any image see all evenly, as OpenFlamingo's code has it. */
  ALL_PREVIOUS
}
