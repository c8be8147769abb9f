# The blocks of transformer.py where nothing is recorded: the same sums, in fewer passes over memory.
#
# oneDNN ends a product with silu(z), and QuickGELU is silu(1.702 z) / 1.702. So what stands between the blocks
# is kept `factor` times as large: a layer normalisation doesn't see it, and hands it to the products behind it.
# Matrices stay as they are; a block's eight vectors are kept once more, times the factor:
#   0 ln_1.weight  1 ln_1.bias  2 attn.in_proj_bias  3 attn.out_proj.bias
#   4 ln_2.weight  5 ln_2.bias  6 mlp.c_fc.bias  7 mlp.c_proj.bias

# 1 where the activation needs none
def factor(quick_gelu: bool) -> float:
  f = 1.
  if quick_gelu:
    f = 1.702
  return f

# a block's vectors
def scale(w: List[Tensor], i: int, factor: float) -> List[Tensor]:
  return [w[i] * factor, w[i + 1] * factor, w[i + 3] * factor, w[i + 5] * factor,
    w[i + 6] * factor, w[i + 7] * factor, w[i + 9] * factor, w[i + 11] * factor]

# the normalisation of x / factor, for x that is `factor` times as large, with scaled weights
def layer_norm(x: Tensor, weight: Tensor, bias: Tensor, factor: float, epsilon: float) -> Tensor:
  return __torch__.transformer.layer_norm(x, weight, bias, epsilon * factor * factor)

# [N, T, C] -> [N, T, C], with the weights that start at w[i] and the scaled vectors that start at w[s]
def block(x: Tensor, w: List[Tensor], i: int, s: int, heads: int, quick_gelu: bool, epsilon: float) -> Tensor:
  factor = __torch__.inference.factor(quick_gelu)
  normed = __torch__.inference.layer_norm(x, w[s], w[s + 1], factor, epsilon)
  qkv = __torch__.products.linear(normed, w[i + 2], w[s + 2])
  mixed = __torch__.transformer.attend(qkv, heads, False, factor)
  x = __torch__.products.added(x, mixed, w[i + 4], w[s + 3])
  normed = __torch__.inference.layer_norm(x, w[s + 4], w[s + 5], factor, epsilon)
  inner = __torch__.products.activated(normed, w[i + 8], w[s + 6], quick_gelu)
  return __torch__.products.added(x, inner, w[i + 10], w[s + 7])
