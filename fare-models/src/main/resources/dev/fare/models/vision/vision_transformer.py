# CLIP's vision transformer (Radford et al., 2021), pixels in [0,1] to embeddings.
#
# weights: 0 mean  1 std  2 class_embedding  3 conv1.weight  4 positional_embedding
#   5 ln_pre.weight  6 ln_pre.bias, twelve for each block, then ln_post.weight, ln_post.bias, proj
class VisionTransformer(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  params : List[Tensor]
  patch : int
  layers : int
  heads : int
  quick_gelu : bool
  epsilon : float

  def bind(self: __torch__.VisionTransformer, p: List[Tensor]) -> Tensor:
    self.params = p
    return p[0]

  # [N, 3, H, W] -> [N, 1 + gh * gw, C], after ln_pre
  def embed_patches(self: __torch__.VisionTransformer, pixels: Tensor) -> Tensor:
    w = self.params
    p = self.patch
    kernel = w[3]
    n = pixels.size(0)
    gh = pixels.size(2) // p
    gw = pixels.size(3) // p
    seen = pixels[:, :, 0:gh * p, 0:gw * p]
    x = (seen - w[0]) / w[1]
    # a convolution whose stride is its kernel is one matrix product over flattened patches
    x = x.reshape([n, 3, gh, p, gw, p]).permute([0, 2, 4, 1, 3, 5]).reshape([n, gh * gw, 3 * p * p])
    x = torch.linear(x, kernel.reshape([kernel.size(0), -1]))
    first = w[2].expand([n, 1, -1])
    x = torch.cat([first, x], 1) + w[4]
    return __torch__.transformer.layer_norm(x, w[5], w[6], self.epsilon)

  def run_blocks(self: __torch__.VisionTransformer, x: Tensor, count: int) -> Tensor:
    for i in range(count):
      x = __torch__.transformer.block(x, self.params, 7 + 12 * i, self.heads, False, self.quick_gelu, self.epsilon)
    return x

  # [N, T, C] before the last block -> [N, D]; of the last block only the class token is computed
  def embed_class(self: __torch__.VisionTransformer, x: Tensor) -> Tensor:
    w = self.params
    last = self.layers - 1
    end = 7 + 12 * self.layers
    y = __torch__.transformer.block_of_first(x, w, 7 + 12 * last, self.heads, self.quick_gelu, self.epsilon)
    y = __torch__.transformer.layer_norm(y, w[end], w[end + 1], self.epsilon)
    return torch.matmul(y, w[end + 2])

  # [N, 3, H, W] -> [N, D]
  def embed(self: __torch__.VisionTransformer, pixels: Tensor) -> Tensor:
    return self.embed_class(self.run_blocks(self.embed_patches(pixels), self.layers - 1))

  # [N, 3, H, W] -> [N, D] and the patch tokens [N, T - 1, C] before the last block
  def embed_with_tokens(self: __torch__.VisionTransformer, pixels: Tensor) -> List[Tensor]:
    x = self.run_blocks(self.embed_patches(pixels), self.layers - 1)
    return [self.embed_class(x), x[:, 1:x.size(1)]]

  # the tokens [N, T, C] after `depth` blocks, without ln_post
  def hidden_state(self: __torch__.VisionTransformer, pixels: Tensor, depth: Tensor) -> Tensor:
    return self.run_blocks(self.embed_patches(pixels), int(depth))

  # the tokens after every depth from 0 to `layers`
  def hidden_states(self: __torch__.VisionTransformer, pixels: Tensor) -> List[Tensor]:
    x = self.embed_patches(pixels)
    states = [x]
    for i in range(self.layers):
      x = __torch__.transformer.block(x, self.params, 7 + 12 * i, self.heads, False, self.quick_gelu, self.epsilon)
      states.append(x)
    return states

  # [N, T, C] -> [N, T, C]
  def post_norm(self: __torch__.VisionTransformer, x: Tensor) -> Tensor:
    end = 7 + 12 * self.layers
    return __torch__.transformer.layer_norm(x, self.params[end], self.params[end + 1], self.epsilon)
