# CLIP's vision transformer (Radford et al., 2021), pixels in [0,1] to embeddings.

# A part of the network in activation checkpointing: the stem (block -1), a block or half of one, or the last
# block with the head.
class Part(NamedTuple):
  block : int
  has_attention : bool
  has_mlp : bool
  is_last : bool

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
  deterministic : bool

  def bind(self: __torch__.VisionTransformer, p: List[Tensor]) -> Tensor:
    self.params = p
    self.prepared = __torch__.prepared.keep((self).prepare(p))
    self.seen = __torch__.prepared.version(p)
    return p[0]

  # in the order of vision_weights.py
  def prepare(self: __torch__.VisionTransformer, p: List[Tensor]) -> List[Tensor]:
    w = (self).prepare_recorded(p)
    kept = __torch__.vision_weights.flat(w)
    if self.fused:
      factor = __torch__.inference.factor(self.quick_gelu)
      kept.extend(__torch__.vision_weights.flat(__torch__.vision_weights.prepare_fast(w, factor, self.by_columns)))
    return kept

  # what recorded passes read
  def prepare_recorded(self: __torch__.VisionTransformer, p: List[Tensor]) -> __torch__.vision_weights.Weights:
    return __torch__.vision_weights.prepare(__torch__.vision_weights.params(p, self.layers), self.dtype)

  # made in the graph where the weights themselves are trained
  def weights(self: __torch__.VisionTransformer, fast: bool) -> __torch__.vision_weights.Weights:
    if __torch__.prepared.is_trained(self.params):
      w = (self).prepare_recorded(self.params)
    else:
      now = __torch__.prepared.version(self.params)
      if now != self.seen:
        __torch__.prepared.refresh(self.prepared, (self).prepare(self.params))
        self.seen = now
      w = __torch__.vision_weights.read(self.prepared, self.layers, fast)
    return w

  # whether a pass goes through inference.py; then the tokens between blocks are `factor` times as large
  def is_fast(self: __torch__.VisionTransformer, pixels: Tensor) -> bool:
    return self.fused and not __torch__.prepared.is_recorded(self.params, pixels)

  # the tokens themselves
  def unscaled(self: __torch__.VisionTransformer, x: Tensor, fast: bool) -> Tensor:
    if fast and self.quick_gelu:
      x = x * (1. / __torch__.inference.factor(True))
    return x

  # [N, 3, H, W] -> [N, 1 + gh * gw, C], after ln_pre
  def embed_patches(self: __torch__.VisionTransformer, stem: __torch__.vision_weights.Stem, pixels: Tensor, fast: bool) -> Tensor:
    x = __torch__.patches.flatten(pixels, self.patch).flatten(1, 2)
    if fast:
      x = __torch__.products.linear(x, stem.kernel, stem.bias)
    else:
      x = torch.linear(x, stem.kernel, stem.bias)
    x = torch.cat([stem.class_embedding.expand([x.size(0), 1, -1]), x], 1) + stem.positional_embedding
    return __torch__.transformer.layer_norm(x, stem.ln_pre_weight, stem.ln_pre_bias, self.epsilon)

  def run_block(self: __torch__.VisionTransformer, block: __torch__.transformer.Block, x: Tensor, fast: bool) -> Tensor:
    if fast:
      x = __torch__.inference.run_block(x, block, self.heads, self.quick_gelu, self.epsilon)
    else:
      x = __torch__.transformer.run_block(x, block, self.heads, False, self.quick_gelu, self.epsilon,
          self.deterministic)
    return x

  # the tokens after `depth` blocks
  def run_blocks(self: __torch__.VisionTransformer, w: __torch__.vision_weights.Weights, pixels: Tensor, depth: int, fast: bool) -> Tensor:
    x = (self).embed_patches(w.stem, pixels, fast)
    for i in range(depth):
      x = (self).run_block(w.blocks[i], x, fast)
    return (self).unscaled(x, fast)

  # [N, T, C] before the last block -> [N, D]; of the last block only the class token is computed
  def embed_class(self: __torch__.VisionTransformer, w: __torch__.vision_weights.Weights, x: Tensor) -> Tensor:
    y = __torch__.transformer.run_block_of_first(x, w.last_block, self.heads, self.quick_gelu, self.epsilon)
    y = __torch__.transformer.layer_norm(y, w.head.ln_post_weight, w.head.ln_post_bias, self.epsilon)
    return torch.matmul(y, w.head.proj)

  # [N, 3, H, W] -> [N, D]
  def embed(self: __torch__.VisionTransformer, pixels: Tensor) -> Tensor:
    fast = (self).is_fast(pixels)
    w = (self).weights(fast)
    return (self).embed_class(w, (self).run_blocks(w, pixels, self.layers - 1, fast))

  # [N, 3, H, W] -> [N, D] and the patch tokens [N, T - 1, C] before the last block
  def embed_with_tokens(self: __torch__.VisionTransformer, pixels: Tensor) -> List[Tensor]:
    fast = (self).is_fast(pixels)
    w = (self).weights(fast)
    x = (self).run_blocks(w, pixels, self.layers - 1, fast)
    return [(self).embed_class(w, x), x[:, 1:x.size(1)]]

  # the tokens [N, T, C] after `depth` blocks, without ln_post
  def hidden_state(self: __torch__.VisionTransformer, pixels: Tensor, depth: Tensor) -> Tensor:
    fast = (self).is_fast(pixels)
    return (self).run_blocks((self).weights(fast), pixels, int(depth), fast)

  # the tokens after every depth from 0 to `layers`
  def hidden_states(self: __torch__.VisionTransformer, pixels: Tensor) -> List[Tensor]:
    fast = (self).is_fast(pixels)
    w = (self).weights(fast)
    x = (self).embed_patches(w.stem, pixels, fast)
    states = [(self).unscaled(x, fast)]
    for block in w.blocks:
      x = (self).run_block(block, x, fast)
      states.append((self).unscaled(x, fast))
    return states

  # [N, T, C] -> [N, T, C]
  def post_norm(self: __torch__.VisionTransformer, x: Tensor) -> Tensor:
    head = __torch__.vision_weights.params(self.params, self.layers).head
    return __torch__.transformer.layer_norm(x, head.ln_post_weight, head.ln_post_bias, self.epsilon)

  # Activation checkpointing, see recomputed.py.

  # whether a pass over the pixels must be recorded
  def is_recorded(self: __torch__.VisionTransformer, pixels: Tensor) -> Tensor:
    return torch.tensor(__torch__.prepared.is_recorded(self.params, pixels))

  # Halves keep twice as much between the parts, and half as much inside one. The former is gone when the
  # gradients of the weights are complete: halves are better where these are the larger.
  def parts_for(self: __torch__.VisionTransformer, pixels: Tensor) -> Tensor:
    tokens = (pixels.size(2) // self.patch) * (pixels.size(3) // self.patch) + 1
    width = __torch__.vision_weights.params(self.params, self.layers).class_embedding.size(0)
    between = 2 * (self.layers - 1) * pixels.size(0) * tokens * width
    gradients = 0
    for p in self.params:
      if ops.prim.requires_grad(p):
        gradients = gradients + p.numel()
    parts = self.layers + 1
    if between < gradients:
      parts = 2 * self.layers
    return torch.tensor(parts)

  def part_starts(self: __torch__.VisionTransformer, parts: int) -> List[int]:
    return __torch__.vision_weights.part_starts(self.params, self.layers, parts > self.layers + 1)

  def first_part(self: __torch__.VisionTransformer, pixels: Tensor, parts: Tensor) -> Tensor:
    return __torch__.recomputed.first_part(self.params, (self).part_starts(int(parts)), pixels)

  def part(self: __torch__.VisionTransformer, number: int, parts: int) -> __torch__.Part:
    has_halves = parts > self.layers + 1
    is_last = number == parts - 1
    is_whole = is_last or not has_halves
    block = number - 1
    if has_halves:
      block = (number - 1) // 2
    has_attention = block >= 0 and (is_whole or number % 2 == 1)
    has_mlp = block >= 0 and (is_whole or number % 2 == 0)
    return __torch__.Part(block, has_attention, has_mlp, is_last)

  # the weights, those of a part made in the graph
  def weights_in_graph(self: __torch__.VisionTransformer, part: __torch__.Part) -> __torch__.vision_weights.Weights:
    p = __torch__.vision_weights.params(self.params, self.layers)
    w = __torch__.vision_weights.read(self.prepared, self.layers, False)
    stem = w.stem
    blocks = w.blocks
    if part.block < 0:
      stem = __torch__.vision_weights.prepare_stem(p)
    else:
      block = p.blocks[part.block]
      if part.has_attention:
        block = __torch__.transformer.attention_in_type(block, self.dtype)
      if part.has_mlp:
        block = __torch__.transformer.mlp_in_type(block, self.dtype)
      blocks[part.block] = block
    return __torch__.vision_weights.Weights(stem, blocks, blocks[-1], p.head)

  def run_part(self: __torch__.VisionTransformer, w: __torch__.vision_weights.Weights, x: Tensor, part: __torch__.Part) -> Tensor:
    if part.block < 0:
      x = (self).embed_patches(w.stem, x, False)
    elif part.is_last:
      x = (self).embed_class(w, x)
    else:
      block = w.blocks[part.block]
      if part.has_attention:
        x = __torch__.transformer.add_attention(x, block, self.heads, False, self.epsilon, self.deterministic)
      if part.has_mlp:
        x = __torch__.transformer.add_mlp(x, block, self.quick_gelu, self.epsilon)
    return x

  # the result of each part
  def run_parts(self: __torch__.VisionTransformer, pixels: Tensor, parts: Tensor) -> List[Tensor]:
    w = (self).weights(False)
    x = pixels
    results = annotate(List[Tensor], [])
    for number in range(int(parts)):
      x = (self).run_part(w, x, (self).part(number, int(parts)))
      results.append(x)
    return results

  # from what a part was given and the gradient of its result
  def part_gradients(self: __torch__.VisionTransformer, before: Tensor, g: Tensor, number: Tensor, parts: Tensor) -> List[Tensor]:
    part = (self).part(int(number), int(parts))
    own = __torch__.recomputed.own(self.params, (self).part_starts(int(parts)), int(number))
    if __torch__.recomputed.is_trained(own):
      w = (self).weights_in_graph(part)
    else:
      w = __torch__.vision_weights.read(self.prepared, self.layers, False)
    x = __torch__.recomputed.leaf(before, part.block >= 0 or ops.prim.requires_grad(before))
    return __torch__.recomputed.gradients(own, x, (self).run_part(w, x, part), g)
