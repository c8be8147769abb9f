package dev.fare;

/** The norm that measures a perturbation of an image, over all its pixels and channels. */
public enum Norm {
  /** The largest absolute change of any pixel and channel. */
  LINF,
  /** The Euclidean length of the change. */
  L2,
  /** The sum of absolute changes. */
  L1
}
