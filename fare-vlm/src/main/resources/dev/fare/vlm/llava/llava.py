# What LLaVA-1.5 (Liu et al., 2024) has between its vision tower and its language model.
#
# params: 0, 1 linear_1  2, 3 linear_2
class Llava(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  params : List[Tensor]

  def bind(self: __torch__.Llava, p: List[Tensor]) -> Tensor:
    self.params = p
    return p[0]

  # [M, T, C] -> [M, T, W]
  def project(self: __torch__.Llava, tokens: Tensor) -> Tensor:
    w = self.params
    return torch.linear(torch.gelu(torch.linear(tokens, w[0], w[1])), w[2], w[3])

  # words [N, L, W] with visual tokens [M, T, W] in the M T places where `places` [N, L] is true, row by row
  def merge(self: __torch__.Llava, words: Tensor, places: Tensor, visual: Tensor) -> Tensor:
    return torch.masked_scatter(words, places.unsqueeze(-1), visual)
