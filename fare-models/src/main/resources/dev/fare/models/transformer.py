# The residual attention block that CLIP's two towers share.
#
# A block's weights are twelve entries of a list, in the order of OpenAI's state dict:
#   0 ln_1.weight  1 ln_1.bias  2 attn.in_proj_weight  3 attn.in_proj_bias
#   4 attn.out_proj.weight  5 attn.out_proj.bias  6 ln_2.weight  7 ln_2.bias
#   8 mlp.c_fc.weight  9 mlp.c_fc.bias  10 mlp.c_proj.weight  11 mlp.c_proj.bias

def layer_norm(x: Tensor, weight: Tensor, bias: Tensor, epsilon: float) -> Tensor:
  return torch.layer_norm(x, [x.size(-1)], weight, bias, epsilon)

# [N, T, C] -> [N, heads, T, C / heads]
def split_heads(x: Tensor, heads: int) -> Tensor:
  return x.reshape([x.size(0), x.size(1), heads, -1]).transpose(1, 2)

# queries [N, Q, C] look at keys and values [N, T, C]; a causal query sees no later token
def attend(query: Tensor, key: Tensor, value: Tensor, heads: int, causal: bool) -> Tensor:
  q = __torch__.transformer.split_heads(query, heads)
  k = __torch__.transformer.split_heads(key, heads)
  v = __torch__.transformer.split_heads(value, heads)
  if q.is_cuda:
    mixed = torch.scaled_dot_product_attention(q, k, v, None, 0., causal)
  else:
    # at CLIP's lengths plain matrix products beat the fused kernel on a CPU
    scores = torch.matmul(q * (float(q.size(-1)) ** -0.5), k.transpose(-2, -1))
    if causal:
      hidden = torch.ones([q.size(2), k.size(2)], dtype=11, layout=None, device=q.device)
      scores = torch.masked_fill(scores, torch.triu(hidden, 1), float("-inf"))
    mixed = torch.matmul(torch.softmax(scores, -1), v)
  return mixed.transpose(1, 2).reshape([query.size(0), query.size(1), query.size(2)])

def activate(x: Tensor, quick_gelu: bool) -> Tensor:
  if quick_gelu:
    y = torch.silu(x * 1.702) * (1. / 1.702)
  else:
    y = torch.gelu(x)
  return y

def mlp(x: Tensor, w: List[Tensor], i: int, quick_gelu: bool, epsilon: float) -> Tensor:
  inner = torch.linear(__torch__.transformer.layer_norm(x, w[i + 6], w[i + 7], epsilon), w[i + 8], w[i + 9])
  return torch.linear(__torch__.transformer.activate(inner, quick_gelu), w[i + 10], w[i + 11])

# [N, T, C] -> [N, T, C], with the weights that start at w[i]
def block(x: Tensor, w: List[Tensor], i: int, heads: int, causal: bool, quick_gelu: bool, epsilon: float) -> Tensor:
  normed = __torch__.transformer.layer_norm(x, w[i], w[i + 1], epsilon)
  q, k, v = torch.linear(normed, w[i + 2], w[i + 3]).chunk(3, -1)
  mixed = __torch__.transformer.attend(q, k, v, heads, causal)
  x = x + torch.linear(mixed, w[i + 4], w[i + 5])
  return x + __torch__.transformer.mlp(x, w, i, quick_gelu, epsilon)

# the same for the first token alone: [N, T, C] -> [N, C]; all tokens are looked at, one is computed
def block_of_first(x: Tensor, w: List[Tensor], i: int, heads: int, quick_gelu: bool, epsilon: float) -> Tensor:
  width = x.size(-1)
  normed = __torch__.transformer.layer_norm(x, w[i], w[i + 1], epsilon)
  in_weight = w[i + 2]
  in_bias = w[i + 3]
  first = normed[:, 0:1]
  q = torch.linear(first, in_weight[0:width], in_bias[0:width])
  k, v = torch.linear(normed, in_weight[width:], in_bias[width:]).chunk(2, -1)
  mixed = __torch__.transformer.attend(q, k, v, heads, False)
  y = x[:, 0:1] + torch.linear(mixed, w[i + 4], w[i + 5])
  return (y + __torch__.transformer.mlp(y, w, i, quick_gelu, epsilon)).squeeze(1)
