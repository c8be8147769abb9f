# Flamingo's gated cross-attention (Alayrac et al., 2022) as OpenFlamingo has it: what stands between the
# layers of a language model, so that words look at images.

# The params in their order; `ff` is the MLP.
class CrossAttentionWeights(NamedTuple):
  attn_gate : Tensor
  ff_gate : Tensor
  attn_norm_weight : Tensor
  attn_norm_bias : Tensor
  to_q : Tensor
  to_kv : Tensor
  to_out : Tensor
  ff_norm_weight : Tensor
  ff_norm_bias : Tensor
  ff_in : Tensor
  ff_out : Tensor

class GatedCrossAttention(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  params : List[Tensor]
  heads : int
  immediate : bool
  epsilon : float

  def bind(self: __torch__.GatedCrossAttention, p: List[Tensor]) -> Tensor:
    self.params = p
    return p[0]

  def weights(self: __torch__.GatedCrossAttention) -> __torch__.CrossAttentionWeights:
    p = self.params
    return __torch__.CrossAttentionWeights(p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], p[8], p[9], p[10])

  # words [B, T, C], media [B, images, L, D], times [B, T]: how many images stand before or at a word
  def attend(self: __torch__.GatedCrossAttention, x: Tensor, media: Tensor, times: Tensor, masked: bool) -> Tensor:
    w = (self).weights()
    b = x.size(0)
    normed = torch.layer_norm(x, [x.size(-1)], w.attn_norm_weight, w.attn_norm_bias, self.epsilon)
    q = torch.linear(normed, w.to_q).reshape([b, x.size(1), self.heads, -1]).transpose(1, 2)
    k, v = torch.linear(media.flatten(1, 2), w.to_kv).chunk(2, -1)
    k = k.reshape([b, k.size(1), self.heads, -1]).transpose(1, 2)
    v = v.reshape([b, v.size(1), self.heads, -1]).transpose(1, 2)
    scores = torch.matmul(q * (float(q.size(-1)) ** -0.5), k.transpose(2, 3))
    if masked:
      numbers = torch.arange(1, media.size(1) + 1, 1, dtype=4, layout=None, device=x.device)
      numbers = numbers.unsqueeze(1).expand([-1, media.size(2)]).flatten(0, 1)
      if self.immediate:
        seen = torch.eq(times.unsqueeze(-1), numbers)
      else:
        seen = torch.ge(times.unsqueeze(-1), numbers)
      # finite: a word that sees nothing spreads evenly over everything
      scores = torch.masked_fill(scores, torch.logical_not(seen).unsqueeze(1), -3.4028234663852886e38)
    attention = torch.softmax(scores, -1)
    if masked and self.immediate:
      before_all = torch.eq(times, 0).unsqueeze(1).unsqueeze(-1)
      attention = torch.masked_fill(attention, before_all, 0.)
    return torch.linear(torch.matmul(attention, v).transpose(1, 2).flatten(2), w.to_out)

  def gated(self: __torch__.GatedCrossAttention, x: Tensor, attended: Tensor) -> Tensor:
    w = (self).weights()
    x = x + attended * torch.tanh(w.attn_gate)
    normed = torch.layer_norm(x, [x.size(-1)], w.ff_norm_weight, w.ff_norm_bias, self.epsilon)
    return x + torch.linear(torch.gelu(torch.linear(normed, w.ff_in)), w.ff_out) * torch.tanh(w.ff_gate)

  # every word looks at every image
  def forward_unmasked(self: __torch__.GatedCrossAttention, x: Tensor, media: Tensor) -> Tensor:
    return (self).gated(x, (self).attend(x, media, x, False))

  # locations [B, T]: true where an image stands
  def forward_masked(self: __torch__.GatedCrossAttention, x: Tensor, media: Tensor, locations: Tensor) -> Tensor:
    return (self).gated(x, (self).attend(x, media, torch.cumsum(locations.to(4), 1), True))

  # words that go on after a text whose images stood at `locations`
  def go_on(self: __torch__.GatedCrossAttention, x: Tensor, media: Tensor, locations: Tensor) -> Tensor:
    images = torch.sum(locations.to(4), [1], True).expand([-1, x.size(1)])
    return (self).gated(x, (self).attend(x, media, images, True))
