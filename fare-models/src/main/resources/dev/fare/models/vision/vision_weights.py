# The weights of CLIP's vision transformer by name.

# The params in their order.
class Params(NamedTuple):
  mean : Tensor
  std : Tensor
  class_embedding : Tensor
  conv1_weight : Tensor
  positional_embedding : Tensor
  ln_pre_weight : Tensor
  ln_pre_bias : Tensor
  blocks : List[__torch__.transformer.Block]
  head : __torch__.vision_weights.Head

# What the forward reads, prepared.
class Weights(NamedTuple):
  stem : __torch__.vision_weights.Stem
  blocks : List[__torch__.transformer.Block]
  # the last one again, never in the form of inference.py
  last_block : __torch__.transformer.Block
  head : __torch__.vision_weights.Head

# Mean and std are folded into the kernel [C, 3 * p * p] and the bias [C].
class Stem(NamedTuple):
  class_embedding : Tensor
  kernel : Tensor
  bias : Tensor
  positional_embedding : Tensor
  ln_pre_weight : Tensor
  ln_pre_bias : Tensor

class Head(NamedTuple):
  ln_post_weight : Tensor
  ln_post_bias : Tensor
  proj : Tensor

def params(p: List[Tensor], layers: int) -> __torch__.vision_weights.Params:
  blocks = __torch__.transformer.blocks(p, 7, layers)
  head = __torch__.vision_weights.Head(p[-3], p[-2], p[-1])
  return __torch__.vision_weights.Params(p[0], p[1], p[2], p[3], p[4], p[5], p[6], blocks, head)

# where the params of each part start, see recomputed.py: the stem, the blocks but the last, each whole or in
# two halves, and the last with the head
def part_starts(p: List[Tensor], layers: int, has_halves: bool) -> List[int]:
  starts = [0]
  for i in range(layers):
    starts.append(__torch__.transformer.block_start(7, i))
    if has_halves and i < layers - 1:
      starts.append(__torch__.transformer.mlp_start(7, i))
  starts.append(len(p))
  return starts

def prepare_stem(p: __torch__.vision_weights.Params) -> __torch__.vision_weights.Stem:
  kernel, bias = __torch__.patches.fold(p.conv1_weight, p.mean, p.std)
  return __torch__.vision_weights.Stem(
      p.class_embedding, kernel, bias, p.positional_embedding, p.ln_pre_weight, p.ln_pre_bias)

# for recorded passes
def prepare(p: __torch__.vision_weights.Params, dtype: int) -> __torch__.vision_weights.Weights:
  stem = __torch__.vision_weights.prepare_stem(p)
  blocks = [__torch__.transformer.in_type(block, dtype) for block in p.blocks]
  return __torch__.vision_weights.Weights(stem, blocks, blocks[-1], p.head)

# for inference.py, of what recorded passes read
def prepare_fast(w: __torch__.vision_weights.Weights, factor: float, by_columns: bool) -> __torch__.vision_weights.Weights:
  stem = __torch__.vision_weights.Stem(
      w.stem.class_embedding, __torch__.inference.matrix(w.stem.kernel, by_columns), w.stem.bias,
      w.stem.positional_embedding, w.stem.ln_pre_weight * factor, w.stem.ln_pre_bias * factor)
  last = len(w.blocks) - 1
  blocks = annotate(List[__torch__.transformer.Block], [])
  for i in range(len(w.blocks)):
    blocks.append(__torch__.inference.prepare(w.blocks[i], factor, by_columns and i < last))
  return __torch__.vision_weights.Weights(stem, blocks, w.last_block, w.head)

# the order in which they are kept
def flat(w: __torch__.vision_weights.Weights) -> List[Tensor]:
  kept = annotate(List[Tensor], [])
  for t in w.stem:
    kept.append(t)
  for block in w.blocks:
    for t in block:
      kept.append(t)
  for t in w.head:
    kept.append(t)
  return kept

# back from that order; those for inference.py come after those for recorded passes
def read(kept: List[Tensor], layers: int, fast: bool) -> __torch__.vision_weights.Weights:
  w = kept
  if fast:
    w = kept[len(kept) // 2:]
  stem = __torch__.vision_weights.Stem(w[0], w[1], w[2], w[3], w[4], w[5])
  blocks = __torch__.transformer.blocks(w, 6, layers)
  last_block = __torch__.transformer.block(kept, 6, layers - 1)
  end = __torch__.transformer.block_start(6, layers)
  head = __torch__.vision_weights.Head(w[end], w[end + 1], w[end + 2])
  return __torch__.vision_weights.Weights(stem, blocks, last_block, head)
