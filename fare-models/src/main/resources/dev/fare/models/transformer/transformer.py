# The residual attention block that CLIP's two towers share.
#
# The tokens between blocks are float32. Where a matrix is bfloat16, its product is: layer
# normalisations and residual sums stay float32, and a softmax rounds its result alone.

# A block's weights in the order and by the names of OpenAI's state dict, first its attention's, then its MLP's.
class Block(NamedTuple):
  ln_1_weight : Tensor
  ln_1_bias : Tensor
  in_proj_weight : Tensor
  in_proj_bias : Tensor
  out_proj_weight : Tensor
  out_proj_bias : Tensor
  ln_2_weight : Tensor
  ln_2_bias : Tensor
  c_fc_weight : Tensor
  c_fc_bias : Tensor
  c_proj_weight : Tensor
  c_proj_bias : Tensor

# where block i starts in a list of weights whose blocks start at `first`
def block_start(first: int, i: int) -> int:
  return first + 12 * i

# where its MLP does
def mlp_start(first: int, i: int) -> int:
  return __torch__.transformer.block_start(first, i) + 6

def block(w: List[Tensor], first: int, i: int) -> __torch__.transformer.Block:
  j = __torch__.transformer.block_start(first, i)
  return __torch__.transformer.Block(
      w[j], w[j + 1], w[j + 2], w[j + 3], w[j + 4], w[j + 5],
      w[j + 6], w[j + 7], w[j + 8], w[j + 9], w[j + 10], w[j + 11])

def blocks(w: List[Tensor], first: int, count: int) -> List[__torch__.transformer.Block]:
  return [__torch__.transformer.block(w, first, i) for i in range(count)]

# a block whose attention multiplies in a type
def attention_in_type(w: __torch__.transformer.Block, dtype: int) -> __torch__.transformer.Block:
  return __torch__.transformer.Block(
      w.ln_1_weight, w.ln_1_bias,
      w.in_proj_weight.to(dtype), w.in_proj_bias.to(dtype),
      w.out_proj_weight.to(dtype), w.out_proj_bias.to(dtype),
      w.ln_2_weight, w.ln_2_bias, w.c_fc_weight, w.c_fc_bias, w.c_proj_weight, w.c_proj_bias)

# a block whose MLP multiplies in a type
def mlp_in_type(w: __torch__.transformer.Block, dtype: int) -> __torch__.transformer.Block:
  return __torch__.transformer.Block(
      w.ln_1_weight, w.ln_1_bias, w.in_proj_weight, w.in_proj_bias, w.out_proj_weight, w.out_proj_bias,
      w.ln_2_weight, w.ln_2_bias,
      w.c_fc_weight.to(dtype), w.c_fc_bias.to(dtype),
      w.c_proj_weight.to(dtype), w.c_proj_bias.to(dtype))

def in_type(w: __torch__.transformer.Block, dtype: int) -> __torch__.transformer.Block:
  return __torch__.transformer.mlp_in_type(__torch__.transformer.attention_in_type(w, dtype), dtype)

def layer_norm(x: Tensor, weight: Tensor, bias: Tensor, epsilon: float) -> Tensor:
  return torch.layer_norm(x, [x.size(-1)], weight, bias, epsilon)

# x W^T + bias in the type of the weight
def linear(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
  return torch.linear(x.type_as(weight), weight, bias)

# queries, keys, values [N, T, 3C] -> [N, T, C]; a causal token sees no later one.
# All may be `factor` times what they are meant to be, and then the result is. On a GPU libtorch chooses a fused
# kernel by type, shape and card; what is `ordered` takes none, since their backward passes sum in no fixed order.
def attend(qkv: Tensor, heads: int, causal: bool, factor: float, ordered: bool) -> Tensor:
  n = qkv.size(0)
  t = qkv.size(1)
  scale = float(qkv.size(2) // (3 * heads)) ** -0.5 / (factor * factor)
  fuses = ops.prim.dtype(qkv) == 6
  if qkv.is_cuda:
    fuses = not ordered
  if fuses:
    q, k, v = qkv.chunk(3, -1)
    q = q.reshape([n, t, heads, -1]).transpose(1, 2)
    k = k.reshape([n, t, heads, -1]).transpose(1, 2)
    v = v.reshape([n, t, heads, -1]).transpose(1, 2)
    mixed = torch.scaled_dot_product_attention(q, k, v, None, 0., causal, scale=scale)
  else:
    # on a CPU the fused kernel is slow in bfloat16: one copy to [3, N * heads, T, C / heads], plain products
    q, k, v = torch.unbind(qkv.reshape([n, t, 3, heads, -1]).permute([2, 0, 3, 1, 4]).reshape([3, n * heads, t, -1]))
    scores = torch.bmm(q, k.transpose(1, 2)) * scale
    if causal:
      later = torch.triu(torch.ones([t, t], dtype=11, layout=None, device=qkv.device), 1)
      scores = torch.masked_fill(scores, later, float("-inf"))
    mixed = torch.bmm(torch.softmax(scores, -1), v).reshape([n, heads, t, -1])
  return mixed.transpose(1, 2).reshape([n, t, -1])

# x + MLP(x) for x [..., C]
def add_mlp(x: Tensor, w: __torch__.transformer.Block, quick_gelu: bool, epsilon: float) -> Tensor:
  normed = __torch__.transformer.layer_norm(x, w.ln_2_weight, w.ln_2_bias, epsilon)
  if quick_gelu:
    # z sigmoid(1.702 z) = silu(1.702 z) / 1.702, where the products carry the factor
    rows = normed.type_as(w.c_fc_weight).reshape([-1, x.size(-1)])
    inner = torch.addmm(w.c_fc_bias, rows, w.c_fc_weight.t(), beta=1.702, alpha=1.702)
    outer = torch.addmm(w.c_proj_bias, torch.silu(inner), w.c_proj_weight.t(), beta=1.702, alpha=1.)
    result = torch.add(x, outer.reshape(x.size()), alpha=1. / 1.702)
  else:
    inner = __torch__.transformer.linear(normed, w.c_fc_weight, w.c_fc_bias)
    result = x + torch.linear(torch.gelu(inner), w.c_proj_weight, w.c_proj_bias)
  return result

# x + attention(x) for x [N, T, C]
def add_attention(x: Tensor, w: __torch__.transformer.Block, heads: int, causal: bool, epsilon: float,
    ordered: bool) -> Tensor:
  normed = __torch__.transformer.layer_norm(x, w.ln_1_weight, w.ln_1_bias, epsilon)
  qkv = __torch__.transformer.linear(normed, w.in_proj_weight, w.in_proj_bias)
  mixed = __torch__.transformer.attend(qkv, heads, causal, 1., ordered)
  return x + torch.linear(mixed, w.out_proj_weight, w.out_proj_bias)

# [N, T, C] -> [N, T, C]
def run_block(x: Tensor, w: __torch__.transformer.Block, heads: int, causal: bool, quick_gelu: bool,
    epsilon: float, ordered: bool) -> Tensor:
  x = __torch__.transformer.add_attention(x, w, heads, causal, epsilon, ordered)
  return __torch__.transformer.add_mlp(x, w, quick_gelu, epsilon)

# the same for the first token alone: [N, T, C] -> [N, C]; all tokens are looked at, one is computed
def run_block_of_first(x: Tensor, w: __torch__.transformer.Block, heads: int, quick_gelu: bool,
    epsilon: float) -> Tensor:
  n = x.size(0)
  c = x.size(2)
  weight = w.in_proj_weight
  bias = w.in_proj_bias
  normed = __torch__.transformer.layer_norm(x, w.ln_1_weight, w.ln_1_bias, epsilon).type_as(weight)
  # a single query is cheaper brought to the tokens than all keys and values to it:
  # q (W_k y) = (q W_k) y, and the keys' bias shifts all scores of a query alike
  q = torch.linear(normed[:, 0], weight[0:c], bias[0:c]).reshape([n, heads, -1]).transpose(0, 1)
  keys = weight[c:2 * c].reshape([heads, -1, c])
  values = weight[2 * c:].reshape([heads, -1, c])
  q = torch.bmm(q * (float(q.size(-1)) ** -0.5), keys).transpose(0, 1)  # [N, heads, C]
  attention = torch.softmax(torch.bmm(q, normed.transpose(1, 2)), -1)  # [N, heads, T]
  mixed = torch.bmm(torch.bmm(attention, normed).transpose(0, 1), values.transpose(1, 2))  # [heads, N, C / heads]
  mixed = mixed.transpose(0, 1).reshape([n, c]) + bias[2 * c:]
  y = x[:, 0] + torch.linear(mixed, w.out_proj_weight, w.out_proj_bias)
  return __torch__.transformer.add_mlp(y, w, quick_gelu, epsilon)
