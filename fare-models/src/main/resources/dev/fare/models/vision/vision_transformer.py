# CLIP's vision transformer (Radford et al., 2021), pixels in [0,1] to embeddings.
#
# params: 0 mean  1 std  2 class_embedding  3 conv1.weight  4 positional_embedding
#   5 ln_pre.weight  6 ln_pre.bias, twelve for each block, then ln_post.weight, ln_post.bias, proj
# The forward reads them prepared: 0 class_embedding  1 kernel and  2 bias with mean and std folded in
#   3 positional_embedding  4, 5 ln_pre, twelve for each block, then ln_post.weight, ln_post.bias, proj
class VisionTransformer(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  params : List[Tensor]
  prepared : List[Tensor]
  seen : int
  patch : int
  layers : int
  heads : int
  quick_gelu : bool
  epsilon : float
  dtype : int
  fused : bool
  bound : int

  def bind(self: __torch__.VisionTransformer, p: List[Tensor]) -> Tensor:
    self.params = p
    self.prepared = __torch__.prepared.keep((self).prepare(p))
    self.seen = __torch__.prepared.version(p)
    self.bound = self.seen
    return p[0]

  def prepare(self: __torch__.VisionTransformer, p: List[Tensor]) -> List[Tensor]:
    kernel, bias = __torch__.patches.fold(p[3], p[0], p[1])
    w = [p[2], kernel, bias]
    for i in range(4, len(p)):
      t = p[i]
      j = (i - 7) % 12
      inside = i >= 7 and i < 7 + 12 * self.layers
      is_norm = j == 0 or j == 1 or j == 6 or j == 7
      if inside and not is_norm:
        t = t.to(self.dtype)
      w.append(t)
    if self.fused:
      w[1] = __torch__.inference.transposed(kernel)
      # not the last block, of which little is computed
      for block in range(self.layers - 1):
        made = __torch__.inference.prepare(w, 6 + 12 * block, self.quick_gelu)
        for k in range(12):
          w[6 + 12 * block + k] = made[k]
    return w

  # 0 the pass is recorded  1 it is not  2 neither, and the weights have changed since they were bound
  def kind_of_pass(self: __torch__.VisionTransformer, pixels: Tensor) -> Tensor:
    kind = 0
    if not __torch__.prepared.is_recorded(self.params, pixels):
      kind = 1
      if __torch__.prepared.version(self.params) != self.bound:
        kind = 2
    return torch.tensor(kind)

  # made in the graph where the weights themselves are trained
  def weights(self: __torch__.VisionTransformer) -> List[Tensor]:
    if self.fused:
      w = self.prepared
    elif __torch__.prepared.is_trained(self.params):
      w = (self).prepare(self.params)
    else:
      w = self.prepared
      now = __torch__.prepared.version(self.params)
      if now != self.seen:
        __torch__.prepared.refresh(w, (self).prepare(self.params))
        self.seen = now
    return w

  # [N, 3, H, W] -> [N, 1 + gh * gw, C], after ln_pre
  def embed_patches(self: __torch__.VisionTransformer, w: List[Tensor], pixels: Tensor) -> Tensor:
    x = __torch__.patches.flatten(pixels, self.patch).flatten(1, 2)
    if self.fused:
      x = __torch__.products.linear(x, w[1], w[2])
    else:
      x = torch.linear(x, w[1], w[2])
    x = torch.cat([w[0].expand([x.size(0), 1, -1]), x], 1) + w[3]
    return __torch__.transformer.layer_norm(x, w[4], w[5], self.epsilon)

  def run_block(self: __torch__.VisionTransformer, w: List[Tensor], x: Tensor, i: int) -> Tensor:
    if self.fused and i < self.layers - 1:
      x = __torch__.inference.block(x, w, 6 + 12 * i, self.heads, self.quick_gelu, self.epsilon)
    else:
      x = __torch__.transformer.block(x, w, 6 + 12 * i, self.heads, False, self.quick_gelu, self.epsilon)
    return x

  # the tokens before the last block
  def run_to_last(self: __torch__.VisionTransformer, w: List[Tensor], pixels: Tensor) -> Tensor:
    x = (self).embed_patches(w, pixels)
    for i in range(self.layers - 1):
      x = (self).run_block(w, x, i)
    return x

  # [N, T, C] before the last block -> [N, D]; of the last block only the class token is computed
  def embed_class(self: __torch__.VisionTransformer, w: List[Tensor], x: Tensor) -> Tensor:
    last = self.layers - 1
    end = 6 + 12 * self.layers
    y = __torch__.transformer.block_of_first(x, w, 6 + 12 * last, self.heads, self.quick_gelu, self.epsilon)
    y = __torch__.transformer.layer_norm(y, w[end], w[end + 1], self.epsilon)
    return torch.matmul(y, w[end + 2])

  # [N, 3, H, W] -> [N, D]
  def embed(self: __torch__.VisionTransformer, pixels: Tensor) -> Tensor:
    w = (self).weights()
    return (self).embed_class(w, (self).run_to_last(w, pixels))

  # [N, 3, H, W] -> [N, D] and the patch tokens [N, T - 1, C] before the last block
  def embed_with_tokens(self: __torch__.VisionTransformer, pixels: Tensor) -> List[Tensor]:
    w = (self).weights()
    x = (self).run_to_last(w, pixels)
    return [(self).embed_class(w, x), x[:, 1:x.size(1)]]

  # the tokens [N, T, C] after `depth` blocks, without ln_post
  def hidden_state(self: __torch__.VisionTransformer, pixels: Tensor, depth: Tensor) -> Tensor:
    w = (self).weights()
    x = (self).embed_patches(w, pixels)
    for i in range(int(depth)):
      x = (self).run_block(w, x, i)
    return x

  # the tokens after every depth from 0 to `layers`
  def hidden_states(self: __torch__.VisionTransformer, pixels: Tensor) -> List[Tensor]:
    w = (self).weights()
    x = (self).embed_patches(w, pixels)
    states = [x]
    for i in range(self.layers):
      x = (self).run_block(w, x, i)
      states.append(x)
    return states

  # [N, T, C] -> [N, T, C]
  def post_norm(self: __torch__.VisionTransformer, x: Tensor) -> Tensor:
    end = 7 + 12 * self.layers
    return __torch__.transformer.layer_norm(x, self.params[end], self.params[end + 1], self.epsilon)

  # Activation checkpointing: of a pass only what stands between the blocks is kept.

  # whether a pass over the pixels must be recorded
  def is_recorded(self: __torch__.VisionTransformer, pixels: Tensor) -> Tensor:
    return torch.tensor(__torch__.prepared.is_recorded(self.params, pixels))

  # the tokens before each block and, last, the embedding
  def embed_in_parts(self: __torch__.VisionTransformer, pixels: Tensor) -> List[Tensor]:
    w = (self).weights()
    x = (self).embed_patches(w, pixels)
    parts = [x]
    for i in range(self.layers - 1):
      x = (self).run_block(w, x, i)
      parts.append(x)
    parts.append((self).embed_class(w, x))
    return parts

  # The gradients of the pixels and of params, without elements where none is asked for, from those of
  # the embedding and of the tokens before the last block, either of which may be without elements.
  # Each part is computed again from what stood before it.
  def backward_in_parts(self: __torch__.VisionTransformer, pixels: Tensor, of_embedding: Tensor, of_tokens: Tensor, parts: List[Tensor]) -> List[Tensor]:
    w = (self).weights()
    last = self.layers - 1
    found = [torch.empty([0], dtype=6, layout=None, device=pixels.device)]
    for p in self.params:
      found.append(found[0])
    g = of_tokens
    if of_embedding.numel() > 0:
      x = torch.requires_grad_(torch.detach(parts[last]))
      y = (self).embed_class(w, x)
      g = (self).part_gradients(y, of_embedding, x, 7 + 12 * last, len(self.params), found)
      if of_tokens.numel() > 0:
        g = g + of_tokens
    for j in range(last):
      i = last - 1 - j
      x = torch.requires_grad_(torch.detach(parts[i]))
      y = (self).run_block(w, x, i)
      g = (self).part_gradients(y, g, x, 7 + 12 * i, 19 + 12 * i, found)
    x = torch.detach(pixels)
    if ops.prim.requires_grad(pixels):
      x = torch.requires_grad_(x)
    y = (self).embed_patches(w, x)
    if ops.prim.requires_grad(y):
      found[0] = (self).part_gradients(y, g, x, 0, 7, found)
    return found

  # the gradient of x, and into `found`, after that of the pixels, those of the params from `first` to `end`
  def part_gradients(self: __torch__.VisionTransformer, y: Tensor, g: Tensor, x: Tensor, first: int, end: int, found: List[Tensor]) -> Tensor:
    inputs = annotate(List[Tensor], [])
    places = annotate(List[int], [])
    if ops.prim.requires_grad(x):
      inputs.append(x)
      places.append(-1)
    for j in range(first, end):
      if ops.prim.requires_grad(self.params[j]):
        inputs.append(self.params[j])
        places.append(j + 1)
    seeds = annotate(List[Optional[Tensor]], [])
    seeds.append(g)
    grads = torch.grad([y], inputs, seeds, None, False, True)
    of_x = torch.empty([0], dtype=6, layout=None, device=x.device)
    for k in range(len(places)):
      grad = grads[k]
      if grad is not None:
        if places[k] < 0:
          of_x = grad
        else:
          found[places[k]] = grad
    return of_x
