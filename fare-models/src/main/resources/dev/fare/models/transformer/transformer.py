# The residual attention block that CLIP's two towers share.
#
# A block's weights are twelve entries of a list, in the order of OpenAI's state dict:
#   0 ln_1.weight  1 ln_1.bias  2 attn.in_proj_weight  3 attn.in_proj_bias
#   4 attn.out_proj.weight  5 attn.out_proj.bias  6 ln_2.weight  7 ln_2.bias
#   8 mlp.c_fc.weight  9 mlp.c_fc.bias  10 mlp.c_proj.weight  11 mlp.c_proj.bias
#
# The tokens between blocks are float32. Where a matrix is bfloat16, its product is: layer
# normalisations and residual sums stay float32, and a softmax rounds its result alone.

def layer_norm(x: Tensor, weight: Tensor, bias: Tensor, epsilon: float) -> Tensor:
  return torch.layer_norm(x, [x.size(-1)], weight, bias, epsilon)

# x W^T + bias in the type of the weight
def linear(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
  return torch.linear(x.type_as(weight), weight, bias)

# queries, keys, values [N, T, 3C] -> [N, T, C]; a causal token sees no later one.
# All may be `factor` times what they are meant to be, and then the result is.
def attend(qkv: Tensor, heads: int, causal: bool, factor: float) -> Tensor:
  n = qkv.size(0)
  t = qkv.size(1)
  scale = float(qkv.size(2) // (3 * heads)) ** -0.5 / (factor * factor)
  if qkv.is_cuda or ops.prim.dtype(qkv) == 6:
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
def add_mlp(x: Tensor, w: List[Tensor], i: int, quick_gelu: bool, epsilon: float) -> Tensor:
  normed = __torch__.transformer.layer_norm(x, w[i + 6], w[i + 7], epsilon)
  if quick_gelu:
    # z sigmoid(1.702 z) = silu(1.702 z) / 1.702, where the products carry the factor
    rows = normed.type_as(w[i + 8]).reshape([-1, x.size(-1)])
    inner = torch.addmm(w[i + 9], rows, w[i + 8].t(), beta=1.702, alpha=1.702)
    outer = torch.addmm(w[i + 11], torch.silu(inner), w[i + 10].t(), beta=1.702, alpha=1.)
    result = torch.add(x, outer.reshape(x.size()), alpha=1. / 1.702)
  else:
    inner = __torch__.transformer.linear(normed, w[i + 8], w[i + 9])
    result = x + torch.linear(torch.gelu(inner), w[i + 10], w[i + 11])
  return result

# x + attention(x) for x [N, T, C]
def add_attention(x: Tensor, w: List[Tensor], i: int, heads: int, causal: bool, epsilon: float) -> Tensor:
  normed = __torch__.transformer.layer_norm(x, w[i], w[i + 1], epsilon)
  mixed = __torch__.transformer.attend(__torch__.transformer.linear(normed, w[i + 2], w[i + 3]), heads, causal, 1.)
  return x + torch.linear(mixed, w[i + 4], w[i + 5])

# [N, T, C] -> [N, T, C], with the weights that start at w[i]
def block(x: Tensor, w: List[Tensor], i: int, heads: int, causal: bool, quick_gelu: bool, epsilon: float) -> Tensor:
  x = __torch__.transformer.add_attention(x, w, i, heads, causal, epsilon)
  return __torch__.transformer.add_mlp(x, w, i, quick_gelu, epsilon)

# the same for the first token alone: [N, T, C] -> [N, C]; all tokens are looked at, one is computed
def block_of_first(x: Tensor, w: List[Tensor], i: int, heads: int, quick_gelu: bool, epsilon: float) -> Tensor:
  n = x.size(0)
  c = x.size(2)
  normed = __torch__.transformer.layer_norm(x, w[i], w[i + 1], epsilon).type_as(w[i + 2])
  # a single query is cheaper brought to the tokens than all keys and values to it:
  # q (W_k y) = (q W_k) y, and the keys' bias shifts all scores of a query alike
  weight = w[i + 2]
  bias = w[i + 3]
  q = torch.linear(normed[:, 0], weight[0:c], bias[0:c]).reshape([n, heads, -1]).transpose(0, 1)
  keys = weight[c:2 * c].reshape([heads, -1, c])
  values = weight[2 * c:].reshape([heads, -1, c])
  q = torch.bmm(q * (float(q.size(-1)) ** -0.5), keys).transpose(0, 1)  # [N, heads, C]
  attention = torch.softmax(torch.bmm(q, normed.transpose(1, 2)), -1)  # [N, heads, T]
  mixed = torch.bmm(torch.bmm(attention, normed).transpose(0, 1), values.transpose(1, 2))  # [heads, N, C / heads]
  mixed = mixed.transpose(0, 1).reshape([n, c]) + bias[2 * c:]
  y = x[:, 0] + torch.linear(mixed, w[i + 4], w[i + 5])
  return __torch__.transformer.add_mlp(y, w, i, quick_gelu, epsilon)
