# CLIP's vision transformer (Radford et al., 2021), pixels in [0,1] to embeddings.
#
# params: 0 mean  1 std  2 class_embedding  3 conv1.weight  4 positional_embedding
#   5 ln_pre.weight  6 ln_pre.bias, twelve for each block, then ln_post.weight, ln_post.bias, proj
# The forward reads them prepared: 0 class_embedding  1 kernel and  2 bias with mean and std folded in
#   3 positional_embedding  4, 5 ln_pre, twelve for each block, then ln_post.weight, ln_post.bias, proj
# and, where passes that are not recorded go through inference.py, its own: the kernel, ln_pre's two, twelve for each block.
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
  by_columns : bool

  def bind(self: __torch__.VisionTransformer, p: List[Tensor]) -> Tensor:
    self.params = p
    self.prepared = __torch__.prepared.keep((self).prepare(p))
    self.seen = __torch__.prepared.version(p)
    return p[0]

  def prepare(self: __torch__.VisionTransformer, p: List[Tensor]) -> List[Tensor]:
    w = (self).prepare_recorded(p)
    if self.fused:
      factor = __torch__.inference.factor(self.quick_gelu)
      w.append(__torch__.inference.matrix(w[1], self.by_columns))
      w.append(w[4] * factor)
      w.append(w[5] * factor)
      for i in range(self.layers):
        by_columns = self.by_columns and i < self.layers - 1
        w.extend(__torch__.inference.prepare(w, 6 + 12 * i, factor, by_columns))
    return w

  # what recorded passes read
  def prepare_recorded(self: __torch__.VisionTransformer, p: List[Tensor]) -> List[Tensor]:
    kernel, bias = __torch__.patches.fold(p[3], p[0], p[1])
    w = [p[2], kernel, bias]
    for i in range(4, len(p)):
      w.append((self).in_type(p[i], i))
    return w

  # the i-th of the params in the type that the forward reads it in
  def in_type(self: __torch__.VisionTransformer, t: Tensor, i: int) -> Tensor:
    j = (i - 7) % 12
    inside = i >= 7 and i < 7 + 12 * self.layers
    is_norm = j == 0 or j == 1 or j == 6 or j == 7
    if inside and not is_norm:
      t = t.to(self.dtype)
    return t

  # made in the graph where the weights themselves are trained
  def weights(self: __torch__.VisionTransformer) -> List[Tensor]:
    if __torch__.prepared.is_trained(self.params):
      w = (self).prepare_recorded(self.params)
    else:
      w = self.prepared
      now = __torch__.prepared.version(self.params)
      if now != self.seen:
        __torch__.prepared.refresh(w, (self).prepare(self.params))
        self.seen = now
    return w

  # whether a pass goes through inference.py; then the tokens between blocks are `factor` times as large
  def is_fast(self: __torch__.VisionTransformer, pixels: Tensor) -> bool:
    return self.fused and not __torch__.prepared.is_recorded(self.params, pixels)

  # where the weights begin that inference.py reads
  def fused_weights(self: __torch__.VisionTransformer) -> int:
    return 9 + 12 * self.layers

  # the tokens themselves
  def unscaled(self: __torch__.VisionTransformer, x: Tensor, fast: bool) -> Tensor:
    if fast and self.quick_gelu:
      x = x * (1. / __torch__.inference.factor(True))
    return x

  # [N, 3, H, W] -> [N, 1 + gh * gw, C], after ln_pre
  def embed_patches(self: __torch__.VisionTransformer, w: List[Tensor], pixels: Tensor, fast: bool) -> Tensor:
    x = __torch__.patches.flatten(pixels, self.patch).flatten(1, 2)
    norm = 4
    if fast:
      norm = (self).fused_weights() + 1
      x = __torch__.products.linear(x, w[norm - 1], w[2])
    else:
      x = torch.linear(x, w[1], w[2])
    x = torch.cat([w[0].expand([x.size(0), 1, -1]), x], 1) + w[3]
    return __torch__.transformer.layer_norm(x, w[norm], w[norm + 1], self.epsilon)

  def run_block(self: __torch__.VisionTransformer, w: List[Tensor], x: Tensor, i: int, fast: bool) -> Tensor:
    if fast:
      first = (self).fused_weights() + 3 + 12 * i
      x = __torch__.inference.block(x, w, first, self.heads, self.quick_gelu, self.epsilon)
    else:
      x = __torch__.transformer.block(x, w, 6 + 12 * i, self.heads, False, self.quick_gelu, self.epsilon)
    return x

  # the tokens before the last block
  def run_to_last(self: __torch__.VisionTransformer, w: List[Tensor], pixels: Tensor) -> Tensor:
    fast = (self).is_fast(pixels)
    x = (self).embed_patches(w, pixels, fast)
    for i in range(self.layers - 1):
      x = (self).run_block(w, x, i, fast)
    return (self).unscaled(x, fast)

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
    fast = (self).is_fast(pixels)
    x = (self).embed_patches(w, pixels, fast)
    for i in range(int(depth)):
      x = (self).run_block(w, x, i, fast)
    return (self).unscaled(x, fast)

  # the tokens after every depth from 0 to `layers`
  def hidden_states(self: __torch__.VisionTransformer, pixels: Tensor) -> List[Tensor]:
    w = (self).weights()
    fast = (self).is_fast(pixels)
    x = (self).embed_patches(w, pixels, fast)
    states = [(self).unscaled(x, fast)]
    for i in range(self.layers):
      x = (self).run_block(w, x, i, fast)
      states.append((self).unscaled(x, fast))
    return states

  # [N, T, C] -> [N, T, C]
  def post_norm(self: __torch__.VisionTransformer, x: Tensor) -> Tensor:
    end = 7 + 12 * self.layers
    return __torch__.transformer.layer_norm(x, self.params[end], self.params[end + 1], self.epsilon)

  # Activation checkpointing, see recomputed.py. The parts are the embedding of patches, the blocks but the
  # last, each whole or in two halves, and the last with the projection.

  # whether a pass over the pixels must be recorded
  def is_recorded(self: __torch__.VisionTransformer, pixels: Tensor) -> Tensor:
    return torch.tensor(__torch__.prepared.is_recorded(self.params, pixels))

  # Halves keep twice as much between the parts, and half as much inside one. The former is gone when the
  # gradients of the weights are complete: halves are better where these are the larger.
  def parts_for(self: __torch__.VisionTransformer, pixels: Tensor) -> Tensor:
    tokens = (pixels.size(2) // self.patch) * (pixels.size(3) // self.patch) + 1
    between = 2 * (self.layers - 1) * pixels.size(0) * tokens * self.params[2].size(0)
    gradients = 0
    for p in self.params:
      if ops.prim.requires_grad(p):
        gradients = gradients + p.numel()
    parts = self.layers + 1
    if between < gradients:
      parts = 2 * self.layers
    return torch.tensor(parts)

  def part_starts(self: __torch__.VisionTransformer, parts: int) -> List[int]:
    starts = [0]
    for i in range(self.layers):
      starts.append(7 + 12 * i)
      if parts > self.layers + 1 and i < self.layers - 1:
        starts.append(13 + 12 * i)
    starts.append(len(self.params))
    return starts

  def first_part(self: __torch__.VisionTransformer, pixels: Tensor, parts: Tensor) -> Tensor:
    return __torch__.recomputed.first_part(self.params, (self).part_starts(int(parts)), pixels)

  # of the params from `first` to `end` made in the graph; the others are of no use then
  def part_weights(self: __torch__.VisionTransformer, first: int, end: int) -> List[Tensor]:
    p = self.params
    w = annotate(List[Tensor], [])
    for t in self.prepared:
      w.append(t)
    if first == 0:
      kernel, bias = __torch__.patches.fold(p[3], p[0], p[1])
      w[0] = p[2]
      w[1] = kernel
      w[2] = bias
    for i in range(first, end):
      if i >= 4:
        w[i - 1] = (self).in_type(p[i], i)
    return w

  # the part that reads the params from `first` to `end`
  def run_part(self: __torch__.VisionTransformer, w: List[Tensor], x: Tensor, first: int, end: int) -> Tensor:
    i = first - 1
    if first == 0:
      y = (self).embed_patches(w, x, False)
    elif end == len(self.params):
      y = (self).embed_class(w, x)
    elif end - first == 12:
      y = __torch__.transformer.block(x, w, i, self.heads, False, self.quick_gelu, self.epsilon)
    elif (first - 7) % 12 == 0:
      y = __torch__.transformer.add_attention(x, w, i, self.heads, False, self.epsilon)
    else:
      y = __torch__.transformer.add_mlp(x, w, i - 6, self.quick_gelu, self.epsilon)
    return y

  # the result of each part
  def run_parts(self: __torch__.VisionTransformer, pixels: Tensor, parts: Tensor) -> List[Tensor]:
    w = (self).weights()
    starts = (self).part_starts(int(parts))
    x = pixels
    results = annotate(List[Tensor], [])
    for part in range(len(starts) - 1):
      x = (self).run_part(w, x, starts[part], starts[part + 1])
      results.append(x)
    return results

  # from what a part was given and the gradient of its result
  def part_gradients(self: __torch__.VisionTransformer, before: Tensor, g: Tensor, number: Tensor, parts: Tensor) -> List[Tensor]:
    part = int(number)
    starts = (self).part_starts(int(parts))
    first = starts[part]
    end = starts[part + 1]
    w = self.prepared
    if __torch__.recomputed.is_trained(self.params, first, end):
      w = (self).part_weights(first, end)
    x = __torch__.recomputed.leaf(before, part > 0 or ops.prim.requires_grad(before))
    return __torch__.recomputed.gradients(self.params, first, end, x, (self).run_part(w, x, first, end), g)
