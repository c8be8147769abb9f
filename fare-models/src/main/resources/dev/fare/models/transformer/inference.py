# The blocks of transformer.py where nothing is recorded: the same sums, in fewer passes over memory.
#
# oneDNN ends a product with silu(z), and QuickGELU is silu(1.702 z) / 1.702. So what stands between the blocks
# is kept `factor` times as large: a layer normalisation doesn't see it, and hands it to the products behind it.
# A block's eight vectors are kept once more, times the factor; its matrices are the very ones of transformer.py, or
# copies that lie column by column, which oneDNN multiplies faster where there are few tokens.

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

# a block as it is read here
def prepare(w: __torch__.transformer.Block, factor: float, by_columns: bool) -> __torch__.transformer.Block:
  return __torch__.transformer.Block(
      w.ln_1_weight * factor, w.ln_1_bias * factor,
      __torch__.inference.matrix(w.in_proj_weight, by_columns), w.in_proj_bias * factor,
      __torch__.inference.matrix(w.out_proj_weight, by_columns), w.out_proj_bias * factor,
      w.ln_2_weight * factor, w.ln_2_bias * factor,
      __torch__.inference.matrix(w.c_fc_weight, by_columns), w.c_fc_bias * factor,
      __torch__.inference.matrix(w.c_proj_weight, by_columns), w.c_proj_bias * factor)

# the normalisation of x / factor, for x that is `factor` times as large, with scaled weights
def layer_norm(x: Tensor, weight: Tensor, bias: Tensor, factor: float, epsilon: float) -> Tensor:
  return __torch__.transformer.layer_norm(x, weight, bias, epsilon * factor * factor)

# [N, T, C] -> [N, T, C], with prepared weights
def run_block(x: Tensor, w: __torch__.transformer.Block, heads: int, quick_gelu: bool, epsilon: float) -> Tensor:
  factor = __torch__.inference.factor(quick_gelu)
  normed = __torch__.inference.layer_norm(x, w.ln_1_weight, w.ln_1_bias, factor, epsilon)
  qkv = __torch__.products.linear(normed, w.in_proj_weight, w.in_proj_bias)
  mixed = __torch__.transformer.attend(qkv, heads, False, factor, False)
  x = __torch__.products.added(x, mixed, w.out_proj_weight, w.out_proj_bias)
  normed = __torch__.inference.layer_norm(x, w.ln_2_weight, w.ln_2_bias, factor, epsilon)
  inner = __torch__.products.activated(normed, w.c_fc_weight, w.c_fc_bias, quick_gelu)
  return __torch__.products.added(x, inner, w.c_proj_weight, w.c_proj_bias)
