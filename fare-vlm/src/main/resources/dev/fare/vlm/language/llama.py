# Llama (Touvron et al., 2023): embedded tokens to logits, with grouped-query attention (Ainslie et al., 2023).
#
# Matrices have the type `dtype`, and so have their products; normalisations, rotary tables, the sums between
# layers and logits are float32. A mask [N, T] is 1 where there is a token and 0 where there is padding, which
# may stand anywhere: positions count the tokens.

# The params in their order; a tied lm_head is embed_tokens and no param of its own.
class LlamaWeights(NamedTuple):
  embed_tokens : Tensor
  layers : List[__torch__.LlamaLayer]
  norm : Tensor
  lm_head : Tensor

class LlamaLayer(NamedTuple):
  input_layernorm : Tensor
  q_proj : Tensor
  k_proj : Tensor
  v_proj : Tensor
  o_proj : Tensor
  post_attention_layernorm : Tensor
  gate_proj : Tensor
  up_proj : Tensor
  down_proj : Tensor

class Llama(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  params : List[Tensor]
  layers : int
  heads : int
  key_value_heads : int
  head_size : int
  theta : float
  position_factor : float
  epsilon : float
  tied : bool
  dtype : int

  # takes the next of the params; a matrix is brought to its type, a vector stays float32
  def add(self: __torch__.Llama, weight: Tensor) -> Tensor:
    if weight.dim() == 2:
      self.params.append(weight.to(self.dtype))
    else:
      self.params.append(weight)
    return torch.tensor(len(self.params))

  # the weights themselves, not copies
  def weights(self: __torch__.Llama, anything: Tensor) -> List[Tensor]:
    return self.params

  def by_name(self: __torch__.Llama) -> __torch__.LlamaWeights:
    p = self.params
    layers = annotate(List[__torch__.LlamaLayer], [])
    i = 1
    for layer in range(self.layers):
      layers.append(__torch__.LlamaLayer(
          p[i], p[i + 1], p[i + 2], p[i + 3], p[i + 4], p[i + 5], p[i + 6], p[i + 7], p[i + 8]))
      i = i + 9
    lm_head = p[0]
    if not self.tied:
      lm_head = p[i + 1]
    return __torch__.LlamaWeights(p[0], layers, p[i], lm_head)

  # [N, T] -> [N, T, C]; an id below 0 stands for something that is put in its place later
  def embed(self: __torch__.Llama, ids: Tensor) -> Tensor:
    return torch.embedding((self).by_name().embed_tokens, torch.clamp(ids, 0)).to(6)

  def normed(self: __torch__.Llama, x: Tensor, weight: Tensor) -> Tensor:
    return x * torch.rsqrt(torch.mean(x * x, [-1], True) + self.epsilon) * weight

  # x W^T in the type of the weight
  def linear(self: __torch__.Llama, x: Tensor, weight: Tensor) -> Tensor:
    return torch.linear(x.type_as(weight), weight)

  # positions [N, T] -> cosines and sines [N, 1, T, head_size] of the rotary embedding
  def rotary(self: __torch__.Llama, positions: Tensor) -> Tuple[Tensor, Tensor]:
    steps = torch.arange(0, self.head_size, 2, dtype=6, layout=None, device=positions.device)
    frequencies = torch.reciprocal(torch.pow(self.theta, steps / self.head_size))
    angles = (positions.to(6) / self.position_factor).unsqueeze(-1) * frequencies
    angles = torch.cat([angles, angles], -1).unsqueeze(1)
    return (torch.cos(angles), torch.sin(angles))

  # pairs are (i, i + head_size / 2)
  def rotate(self: __torch__.Llama, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    half = self.head_size // 2
    wide = x.to(6)
    turned = torch.cat([torch.neg(wide[:, :, :, half:]), wide[:, :, :, 0:half]], -1)
    return (wide * cos + turned * sin).type_as(x)

  # [N, Hkv, T, d] -> [N, H, T, d]: each key and value serves a group of queries
  def repeat(self: __torch__.Llama, x: Tensor) -> Tensor:
    groups = self.heads // self.key_value_heads
    if groups > 1:
      x = x.unsqueeze(2).expand([x.size(0), x.size(1), groups, x.size(2), x.size(3)]).flatten(1, 2)
    return x

  def positions(self: __torch__.Llama, mask: Tensor) -> Tensor:
    return torch.clamp(torch.cumsum(mask, 1) - 1, 0)

  # mask [N, K] of all positions -> [N, 1, T, K]: which of them the last T look at. Padding looks at itself
  # alone, because a softmax over nothing is not a number.
  def allowed(self: __torch__.Llama, mask: Tensor, t: int) -> Tensor:
    k = mask.size(1)
    places = torch.arange(k, dtype=4, layout=None, device=mask.device)
    queries = places[k - t:].unsqueeze(1)
    seen = torch.logical_and(torch.le(places, queries), mask.to(11).unsqueeze(1))
    return torch.logical_or(seen, torch.eq(places, queries)).unsqueeze(1)

  # [N, T, C] -> [N, T, C]; `past` has keys and values [N, Hkv, K - T, d] of this layer at earlier positions, or
  # nothing; those of all positions are appended to `cache`
  def run_layer(self: __torch__.Llama, w: __torch__.LlamaLayer, x: Tensor, cos: Tensor, sin: Tensor,
      allowed: Tensor, past: List[Tensor], cache: List[Tensor]) -> Tensor:
    n = x.size(0)
    t = x.size(1)
    y = (self).normed(x, w.input_layernorm)
    q = (self).linear(y, w.q_proj).reshape([n, t, self.heads, self.head_size]).transpose(1, 2)
    k = (self).linear(y, w.k_proj).reshape([n, t, self.key_value_heads, self.head_size]).transpose(1, 2)
    v = (self).linear(y, w.v_proj).reshape([n, t, self.key_value_heads, self.head_size]).transpose(1, 2)
    q = (self).rotate(q, cos, sin)
    k = (self).rotate(k, cos, sin)
    if len(past) > 0:
      k = torch.cat([past[0], k], 2)
      v = torch.cat([past[1], v], 2)
    cache.append(k)
    cache.append(v)
    mixed = torch.scaled_dot_product_attention(q, (self).repeat(k), (self).repeat(v), allowed, 0., False)
    x = x + (self).linear(mixed.transpose(1, 2).reshape([n, t, -1]), w.o_proj)
    y = (self).normed(x, w.post_attention_layernorm)
    inner = torch.silu((self).linear(y, w.gate_proj)) * (self).linear(y, w.up_proj)
    return x + (self).linear(inner, w.down_proj)

  # the same where there are no earlier positions and will be no later ones
  def run_alone(self: __torch__.Llama, w: __torch__.LlamaLayer, x: Tensor, cos: Tensor, sin: Tensor,
      allowed: Tensor) -> Tensor:
    return (self).run_layer(w, x, cos, sin, allowed, annotate(List[Tensor], []), annotate(List[Tensor], []))

  # normed states -> logits
  def head(self: __torch__.Llama, w: __torch__.LlamaWeights, x: Tensor) -> Tensor:
    return (self).linear(x, w.lm_head).to(6)

  # the states after every depth: the embeddings, then after each layer, the last one normed
  def hidden_states(self: __torch__.Llama, x: Tensor, mask: Tensor) -> List[Tensor]:
    cos, sin = (self).rotary((self).positions(mask))
    allowed = (self).allowed(mask, x.size(1))
    w = (self).by_name()
    states = [x]
    for i in range(self.layers):
      x = (self).run_alone(w.layers[i], x, cos, sin, allowed)
      if i == self.layers - 1:
        x = (self).normed(x, w.norm)
      states.append(x)
    return states

  # [N, T, C] -> [N, T, V]
  def logits(self: __torch__.Llama, x: Tensor, mask: Tensor) -> Tensor:
    return (self).head((self).by_name(), (self).hidden_states(x, mask)[self.layers])

  # one layer alone, for those who keep the states and make the rest again
  def layer(self: __torch__.Llama, x: Tensor, mask: Tensor, index: Tensor) -> Tensor:
    cos, sin = (self).rotary((self).positions(mask))
    allowed = (self).allowed(mask, x.size(1))
    return (self).run_alone((self).by_name().layers[int(index[0])], x, cos, sin, allowed)

  # states before the final norm and labels [N, K] of the last K places (below 0: not asked for) -> [N, 2]: the
  # mean cross-entropy of each row's labels, and 1 where every label is the likeliest token in its place
  def judge(self: __torch__.Llama, x: Tensor, labels: Tensor) -> Tensor:
    t = x.size(1)
    k = min(labels.size(1), t - 1)
    wanted = labels[:, labels.size(1) - k:]
    asked = torch.ge(wanted, 0)
    w = (self).by_name()
    logits = (self).head(w, (self).normed(x[:, t - 1 - k:t - 1], w.norm))  # [N, K, V]
    targets = torch.masked_fill(wanted, torch.logical_not(asked), -100)
    entropies = torch.cross_entropy_loss(logits.flatten(0, 1), targets.flatten(), None, 0, -100)
    counts = torch.clamp(torch.sum(asked, [1]), 1)
    losses = torch.sum(entropies.reshape(wanted.size()), [1]) / counts
    wrong = torch.logical_and(asked, torch.ne(torch.argmax(logits, 2), wanted))
    exact = torch.logical_not(torch.any(wrong, 1)).to(6)
    return torch.stack([losses, exact], 1)

  # the same from embeddings
  def teacher_forced(self: __torch__.Llama, x: Tensor, mask: Tensor, labels: Tensor) -> Tensor:
    cos, sin = (self).rotary((self).positions(mask))
    allowed = (self).allowed(mask, x.size(1))
    for layer in (self).by_name().layers:
      x = (self).run_alone(layer, x, cos, sin, allowed)
    return (self).judge(x, labels)

  # the logits [N, V] of the next token, then keys and values of each layer
  def start(self: __torch__.Llama, x: Tensor, mask: Tensor) -> List[Tensor]:
    return (self).go_on(x, mask, annotate(List[Tensor], []))

  # the same for further tokens [N, T, C] after those in `past`; the mask covers all
  def go_on(self: __torch__.Llama, x: Tensor, mask: Tensor, past: List[Tensor]) -> List[Tensor]:
    t = x.size(1)
    k = mask.size(1)
    positions = (self).positions(mask)
    cos, sin = (self).rotary(positions[:, k - t:])
    allowed = (self).allowed(mask, t)
    w = (self).by_name()
    cache = annotate(List[Tensor], [])
    for i in range(self.layers):
      x = (self).run_layer(w.layers[i], x, cos, sin, allowed, past[2 * i:2 * i + 2], cache)
    last = x[:, t - 1]
    result = [(self).head(w, (self).normed(last, w.norm))]
    for tensor in cache:
      result.append(tensor)
    return result

  # rows of every tensor of a cache, in a new order
  def reorder(self: __torch__.Llama, rows: Tensor, past: List[Tensor]) -> List[Tensor]:
    moved = annotate(List[Tensor], [])
    for tensor in past:
      moved.append(torch.index_select(tensor, 0, rows))
    return moved
