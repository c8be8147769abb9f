package dev.fare.models.transformer;

/** The non-linearity in a transformer's MLP. A guess between the two silently ruins a model. */
public enum Activation {
  /** x · sigmoid(1.702 x): OpenAI's weights and their descendants. */
  QUICK_GELU,
  /** x · Φ(x), the exact error-function form: LAION's weights. */
  GELU
}
