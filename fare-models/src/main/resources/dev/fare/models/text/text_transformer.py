# CLIP's text transformer (Radford et al., 2021), token ids to embeddings.

# The params in their order.
class TextWeights(NamedTuple):
  token_embedding : Tensor
  positional_embedding : Tensor
  blocks : List[__torch__.transformer.Block]
  ln_final_weight : Tensor
  ln_final_bias : Tensor
  text_projection : Tensor

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

  def weights(self: __torch__.TextTransformer) -> __torch__.TextWeights:
    p = self.params
    return __torch__.TextWeights(
        p[0], p[1], __torch__.transformer.blocks(p, 2, self.layers), p[-3], p[-2], p[-1])

  # [N, T] -> [N, T, C]
  def embed_tokens(self: __torch__.TextTransformer, w: __torch__.TextWeights, ids: Tensor) -> Tensor:
    return torch.embedding(w.token_embedding, ids) + w.positional_embedding[0:ids.size(1)]

  def run_block(self: __torch__.TextTransformer, block: __torch__.transformer.Block, x: Tensor) -> Tensor:
    return __torch__.transformer.run_block(x, block, self.heads, True, self.quick_gelu, self.epsilon, False)

  # the tokens [N, T, C] after every depth from 0 to `layers`, before ln_final
  def hidden_states(self: __torch__.TextTransformer, ids: Tensor) -> List[Tensor]:
    w = (self).weights()
    x = (self).embed_tokens(w, ids)
    states = [x]
    for block in w.blocks:
      x = (self).run_block(block, x)
      states.append(x)
    return states

  # ids [N, T] int64 -> [N, D]
  def embed(self: __torch__.TextTransformer, ids: Tensor) -> Tensor:
    w = (self).weights()
    x = (self).embed_tokens(w, ids)
    for block in w.blocks:
      x = (self).run_block(block, x)
    # the embedding sits at the end token: its first occurrence, or the largest id where none is named
    if self.end_token >= 0:
      position = torch.argmax((ids == self.end_token).to(3), 1)
    else:
      position = torch.argmax(ids, 1)
    rows = torch.arange(ids.size(0), device=ids.device)
    y = ops.aten.index(x, [rows, position])
    y = __torch__.transformer.layer_norm(y, w.ln_final_weight, w.ln_final_bias, self.epsilon)
    return torch.matmul(y, w.text_projection)
