# CLIP's text transformer (Radford et al., 2021), token ids to embeddings.
#
# weights: 0 token_embedding.weight  1 positional_embedding, twelve for each block, then
#   ln_final.weight, ln_final.bias, text_projection
class TextTransformer(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  params : List[Tensor]
  layers : int
  heads : int
  quick_gelu : bool
  epsilon : float
  end_token : int

  def bind(self: __torch__.TextTransformer, p: List[Tensor]) -> Tensor:
    self.params = p
    return p[0]

  # the tokens [N, T, C] after every depth from 0 to `layers`, before ln_final
  def hidden_states(self: __torch__.TextTransformer, ids: Tensor) -> List[Tensor]:
    w = self.params
    x = torch.embedding(w[0], ids) + w[1][0:ids.size(1)]
    states = [x]
    for i in range(self.layers):
      x = __torch__.transformer.block(x, w, 2 + 12 * i, self.heads, True, self.quick_gelu, self.epsilon)
      states.append(x)
    return states

  # ids [N, T] int64 -> [N, D]
  def embed(self: __torch__.TextTransformer, ids: Tensor) -> Tensor:
    w = self.params
    end = 2 + 12 * self.layers
    x = torch.embedding(w[0], ids) + w[1][0:ids.size(1)]
    for i in range(self.layers):
      x = __torch__.transformer.block(x, w, 2 + 12 * i, self.heads, True, self.quick_gelu, self.epsilon)
    # the embedding sits at the end token: its first occurrence, or the largest id where none is named
    if self.end_token >= 0:
      position = torch.argmax((ids == self.end_token).to(3), 1)
    else:
      position = torch.argmax(ids, 1)
    rows = torch.arange(ids.size(0), device=ids.device)
    y = ops.aten.index(x, [rows, position])
    y = __torch__.transformer.layer_norm(y, w[end], w[end + 1], self.epsilon)
    return torch.matmul(y, w[end + 2])
