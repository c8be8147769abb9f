# The blocks of transformer.py where nothing is recorded: the same sums, in fewer passes over memory.
#
# oneDNN ends a product with silu(z), and QuickGELU is silu(1.702 z) / 1.702. So what stands between the blocks
# is kept `factor` times as large: a layer normalisation doesn't see it, and hands it to the products behind it.
# A block's eight vectors are kept once more, times the factor; its matrices are the very ones of transformer.py, or
# copies that lie column by column, which oneDNN multiplies faster where there are few tokens:
#   0 ln_1.weight  1 ln_1.bias  2 attn.in_proj_weight  3 attn.in_proj_bias
#   4 attn.out_proj.weight  5 attn.out_proj.bias  6 ln_2.weight  7 ln_2.bias
#   8 mlp.c_fc.weight  9 mlp.c_fc.bias  10 mlp.c_proj.weight  11 mlp.c_proj.bias

# 1 where the activation needs none
def factor(quick_gelu: bool) -> float:
  f = 1.
  if quick_gelu:
    f = 1.702
  return f

# the same matrix, copied to lie column by column if asked for
def matrix(weight: Tensor, by_columns: bool) -> Tensor:
  if by_columns:
    weight = torch.contiguous(weight.t()).t()
  return weight

# a block's weights from those that start at w[i]
def prepare(w: List[Tensor], i: int, factor: float, by_columns: bool) -> List[Tensor]:
  made = annotate(List[Tensor], [])
  for j in range(12):
    t = w[i + j]
    if t.dim() == 2:
      made.append(__torch__.inference.matrix(t, by_columns))
    else:
      made.append(t * factor)
  return made

# the normalisation of x / factor, for x that is `factor` times as large, with scaled weights
def layer_norm(x: Tensor, weight: Tensor, bias: Tensor, factor: float, epsilon: float) -> Tensor:
  return __torch__.transformer.layer_norm(x, weight, bias, epsilon * factor * factor)

# [N, T, C] -> [N, T, C], with the weights that start at w[i]
def block(x: Tensor, w: List[Tensor], i: int, heads: int, quick_gelu: bool, epsilon: float) -> Tensor:
  factor = __torch__.inference.factor(quick_gelu)
  normed = __torch__.inference.layer_norm(x, w[i], w[i + 1], factor, epsilon)
  qkv = __torch__.products.linear(normed, w[i + 2], w[i + 3])
  mixed = __torch__.transformer.attend(qkv, heads, False, factor)
  x = __torch__.products.added(x, mixed, w[i + 4], w[i + 5])
  normed = __torch__.inference.layer_norm(x, w[i + 6], w[i + 7], factor, epsilon)
  inner = __torch__.products.activated(normed, w[i + 8], w[i + 9], quick_gelu)
  return __torch__.products.added(x, inner, w[i + 10], w[i + 11])
