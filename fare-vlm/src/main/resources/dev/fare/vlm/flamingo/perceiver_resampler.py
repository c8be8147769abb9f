# Flamingo's Perceiver resampler (Alayrac et al., 2022) as OpenFlamingo has it: any number of visual tokens of
# an image or of the frames of a film to a fixed number.

# The params in their order.
class ResamplerWeights(NamedTuple):
  latents : Tensor
  layers : List[__torch__.ResamplerLayer]
  norm_weight : Tensor
  norm_bias : Tensor
  frame_embs : Optional[Tensor]
  media_time_embs : Optional[Tensor]

class ResamplerLayer(NamedTuple):
  norm_media_weight : Tensor
  norm_media_bias : Tensor
  norm_latents_weight : Tensor
  norm_latents_bias : Tensor
  to_q : Tensor
  to_kv : Tensor
  to_out : Tensor
  mlp_norm_weight : Tensor
  mlp_norm_bias : Tensor
  mlp_in : Tensor
  mlp_out : Tensor

class PerceiverResampler(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  params : List[Tensor]
  layers : int
  heads : int
  has_frames : bool
  has_times : bool
  epsilon : float

  def bind(self: __torch__.PerceiverResampler, p: List[Tensor]) -> Tensor:
    self.params = p
    return p[0]

  def weights(self: __torch__.PerceiverResampler) -> __torch__.ResamplerWeights:
    p = self.params
    layers = annotate(List[__torch__.ResamplerLayer], [])
    i = 1
    for layer in range(self.layers):
      layers.append(__torch__.ResamplerLayer(
          p[i], p[i + 1], p[i + 2], p[i + 3], p[i + 4], p[i + 5], p[i + 6], p[i + 7], p[i + 8], p[i + 9], p[i + 10]))
      i = i + 11
    frame_embs = annotate(Optional[Tensor], None)
    if self.has_frames:
      frame_embs = p[i + 2]
    media_time_embs = annotate(Optional[Tensor], None)
    if self.has_times:
      media_time_embs = p[-1]
    return __torch__.ResamplerWeights(p[0], layers, p[i], p[i + 1], frame_embs, media_time_embs)

  def normed(self: __torch__.PerceiverResampler, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return torch.layer_norm(x, [x.size(-1)], weight, bias, self.epsilon)

  # latents [N, L, C] look at the tokens [N, T, C] and at each other
  def attend(self: __torch__.PerceiverResampler, w: __torch__.ResamplerLayer, x: Tensor, latents: Tensor) -> Tensor:
    media = (self).normed(x, w.norm_media_weight, w.norm_media_bias)
    own = (self).normed(latents, w.norm_latents_weight, w.norm_latents_bias)
    q = torch.linear(own, w.to_q)
    k, v = torch.linear(torch.cat([media, own], 1), w.to_kv).chunk(2, -1)
    n = q.size(0)
    q = q.reshape([n, q.size(1), self.heads, -1]).transpose(1, 2)
    k = k.reshape([n, k.size(1), self.heads, -1]).transpose(1, 2)
    v = v.reshape([n, v.size(1), self.heads, -1]).transpose(1, 2)
    mixed = torch.scaled_dot_product_attention(q, k, v)
    return torch.linear(mixed.transpose(1, 2).flatten(2), w.to_out)

  # [B, images, frames, T, C] -> [B, images, L, C]
  def resample(self: __torch__.PerceiverResampler, x: Tensor) -> Tensor:
    w = (self).weights()
    b = x.size(0)
    images = x.size(1)
    frame_embs = w.frame_embs
    if frame_embs is not None:
      x = x + frame_embs[0:x.size(2)].unsqueeze(1)
    x = x.flatten(2, 3)
    media_time_embs = w.media_time_embs
    if media_time_embs is not None:
      x = x + media_time_embs[0:images]
    x = x.flatten(0, 1)
    latents = w.latents.expand([b * images, -1, -1])
    for layer in w.layers:
      latents = latents + (self).attend(layer, x, latents)
      normed = (self).normed(latents, layer.mlp_norm_weight, layer.mlp_norm_bias)
      latents = latents + torch.linear(torch.gelu(torch.linear(normed, layer.mlp_in)), layer.mlp_out)
    latents = (self).normed(latents, w.norm_weight, w.norm_bias)
    return latents.reshape([b, images, latents.size(1), -1])
