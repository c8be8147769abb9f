# Flamingo's Perceiver resampler (Alayrac et al., 2022) as OpenFlamingo has it: any number of visual tokens of
# an image or of the frames of a film to a fixed number.
#
# params: 0 latents; eleven for each layer: 0, 1 norm_media  2, 3 norm_latents  4 to_q  5 to_kv  6 to_out
#   7, 8 the MLP's norm  9, 10 its matrices; then norm.weight, norm.bias; frame_embs and media_time_embs, if any
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

  def normed(self: __torch__.PerceiverResampler, x: Tensor, i: int) -> Tensor:
    return torch.layer_norm(x, [x.size(-1)], self.params[i], self.params[i + 1], self.epsilon)

  # latents [N, L, C] look at the tokens [N, T, C] and at each other
  def attend(self: __torch__.PerceiverResampler, x: Tensor, latents: Tensor, i: int) -> Tensor:
    w = self.params
    media = (self).normed(x, i)
    own = (self).normed(latents, i + 2)
    q = torch.linear(own, w[i + 4])
    k, v = torch.linear(torch.cat([media, own], 1), w[i + 5]).chunk(2, -1)
    n = q.size(0)
    q = q.reshape([n, q.size(1), self.heads, -1]).transpose(1, 2)
    k = k.reshape([n, k.size(1), self.heads, -1]).transpose(1, 2)
    v = v.reshape([n, v.size(1), self.heads, -1]).transpose(1, 2)
    mixed = torch.scaled_dot_product_attention(q, k, v)
    return torch.linear(mixed.transpose(1, 2).flatten(2), w[i + 6])

  # [B, images, frames, T, C] -> [B, images, L, C]
  def resample(self: __torch__.PerceiverResampler, x: Tensor) -> Tensor:
    w = self.params
    b = x.size(0)
    images = x.size(1)
    last = 3 + 11 * self.layers
    if self.has_frames:
      x = x + w[last][0:x.size(2)].unsqueeze(1)
    x = x.flatten(2, 3)
    if self.has_times:
      times = w[len(w) - 1]
      x = x + times[0:images]
    x = x.flatten(0, 1)
    latents = w[0].expand([b * images, -1, -1])
    for layer in range(self.layers):
      i = 1 + 11 * layer
      latents = latents + (self).attend(x, latents, i)
      inner = torch.gelu(torch.linear((self).normed(latents, i + 7), w[i + 9]))
      latents = latents + torch.linear(inner, w[i + 10])
    latents = (self).normed(latents, 1 + 11 * self.layers)
    return latents.reshape([b, images, latents.size(1), -1])
