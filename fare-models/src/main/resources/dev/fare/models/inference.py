# The blocks of transformer.py where nothing is recorded: the same sums, in fewer passes over memory.
#
# A block's weights are the same twelve, made by `prepare`.

# the memory of the transpose under the shape [O, I]
def transposed(weight: Tensor) -> Tensor:
  return weight.t().contiguous().t()

# z sigmoid(1.702 z) = silu(1.702 z) / 1.702: the two matrices of the MLP carry the factors
def prepare(w: List[Tensor], i: int, quick_gelu: bool) -> List[Tensor]:
  factor = 1.
  if quick_gelu:
    factor = 1.702
  return [w[i], w[i + 1], __torch__.inference.transposed(w[i + 2]), w[i + 3],
    __torch__.inference.transposed(w[i + 4]), w[i + 5], w[i + 6], w[i + 7],
    __torch__.inference.transposed(w[i + 8] * factor), w[i + 9] * factor,
    __torch__.inference.transposed(w[i + 10] * (1. / factor)), w[i + 11]]

def add_mlp(x: Tensor, w: List[Tensor], i: int, quick_gelu: bool, epsilon: float) -> Tensor:
  normed = __torch__.transformer.layer_norm(x, w[i + 6], w[i + 7], epsilon)
  inner = __torch__.products.activated(normed, w[i + 8], w[i + 9], quick_gelu)
  return __torch__.products.added(x, inner, w[i + 10], w[i + 11])

# [N, T, C] -> [N, T, C]
def block(x: Tensor, w: List[Tensor], i: int, heads: int, quick_gelu: bool, epsilon: float) -> Tensor:
  normed = __torch__.transformer.layer_norm(x, w[i], w[i + 1], epsilon)
  qkv = __torch__.products.linear(normed, w[i + 2], w[i + 3])
  mixed = __torch__.transformer.attend(qkv, heads, False)
  x = __torch__.products.added(x, mixed, w[i + 4], w[i + 5])
  return __torch__.inference.add_mlp(x, w, i, quick_gelu, epsilon)
