# What LLaVA-1.5 (Liu et al., 2024) has between its vision tower and its language model.
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
    linear_1_weight, linear_1_bias, linear_2_weight, linear_2_bias = self.params
    inner = torch.gelu(torch.linear(tokens, linear_1_weight, linear_1_bias))
    return torch.linear(inner, linear_2_weight, linear_2_bias)

  # words [N, L, W] with visual tokens [M, T, W] in their places [M T] among all N L
  def merge(self: __torch__.Llava, words: Tensor, places: Tensor, visual: Tensor) -> Tensor:
    return torch.index_copy(words.flatten(0, 1), 0, places, visual.flatten(0, 1)).reshape(words.size())
