# The weights of a ConvNeXt by name. As params they are what is trained; prepared, mean and std are folded into
# the stem's kernel [C, 3 * 4 * 4] and bias, and the MLPs are in the type that they multiply in.

class Weights(NamedTuple):
  stem : __torch__.convnext_weights.Stem
  stages : List[__torch__.convnext_weights.Stage]
  head : __torch__.convnext_weights.Head

class Stem(NamedTuple):
  mean : Tensor
  std : Tensor
  kernel : Tensor
  bias : Tensor
  norm_weight : Tensor
  norm_bias : Tensor

class Stage(NamedTuple):
  # none before the first stage
  downsample : Optional[__torch__.convnext_weights.Downsample]
  blocks : List[__torch__.convnext_weights.Block]

class Downsample(NamedTuple):
  norm_weight : Tensor
  norm_bias : Tensor
  kernel : Tensor
  bias : Tensor

class Block(NamedTuple):
  gamma : Tensor
  conv_dw_weight : Tensor
  conv_dw_bias : Tensor
  norm_weight : Tensor
  norm_bias : Tensor
  fc1_weight : Tensor
  fc1_bias : Tensor
  fc2_weight : Tensor
  fc2_bias : Tensor

class Head(NamedTuple):
  norm_weight : Tensor
  norm_bias : Tensor
  proj : Tensor

# from their order; there is a depth for each stage
def read(w: List[Tensor], depths: List[int]) -> __torch__.convnext_weights.Weights:
  stem = __torch__.convnext_weights.Stem(w[0], w[1], w[2], w[3], w[4], w[5])
  stages = annotate(List[__torch__.convnext_weights.Stage], [])
  i = 6
  for depth in depths:
    downsample = annotate(Optional[__torch__.convnext_weights.Downsample], None)
    if len(stages) > 0:
      downsample = __torch__.convnext_weights.Downsample(w[i], w[i + 1], w[i + 2], w[i + 3])
      i = i + 4
    blocks = annotate(List[__torch__.convnext_weights.Block], [])
    for block in range(depth):
      blocks.append(__torch__.convnext_weights.Block(
          w[i], w[i + 1], w[i + 2], w[i + 3], w[i + 4], w[i + 5], w[i + 6], w[i + 7], w[i + 8]))
      i = i + 9
    stages.append(__torch__.convnext_weights.Stage(downsample, blocks))
  head = __torch__.convnext_weights.Head(w[i], w[i + 1], w[i + 2])
  return __torch__.convnext_weights.Weights(stem, stages, head)

# in that order
def flat(w: __torch__.convnext_weights.Weights) -> List[Tensor]:
  kept = annotate(List[Tensor], [])
  for t in w.stem:
    kept.append(t)
  for stage in w.stages:
    downsample = stage.downsample
    if downsample is not None:
      for t in downsample:
        kept.append(t)
    for block in stage.blocks:
      for t in block:
        kept.append(t)
  for t in w.head:
    kept.append(t)
  return kept

# where the params of each part start, see recomputed.py: the stem, each block, with what stands before it where
# it begins a stage, and the head
def part_starts(p: List[Tensor], depths: List[int]) -> List[int]:
  starts = [0]
  i = 6
  for stage in range(len(depths)):
    for block in range(depths[stage]):
      starts.append(i)
      i = i + 9
      if stage > 0 and block == 0:
        i = i + 4
  starts.append(i)
  starts.append(len(p))
  return starts

def prepare_stem(p: __torch__.convnext_weights.Stem) -> __torch__.convnext_weights.Stem:
  kernel, bias = __torch__.patches.fold(p.kernel, p.mean, p.std)
  return __torch__.convnext_weights.Stem(p.mean, p.std, kernel, bias + p.bias, p.norm_weight, p.norm_bias)

def prepare_block(p: __torch__.convnext_weights.Block, dtype: int) -> __torch__.convnext_weights.Block:
  return __torch__.convnext_weights.Block(
      p.gamma, p.conv_dw_weight, p.conv_dw_bias, p.norm_weight, p.norm_bias,
      p.fc1_weight.to(dtype), p.fc1_bias.to(dtype), p.fc2_weight.to(dtype), p.fc2_bias.to(dtype))

def prepare(p: __torch__.convnext_weights.Weights, dtype: int) -> __torch__.convnext_weights.Weights:
  stages = annotate(List[__torch__.convnext_weights.Stage], [])
  for stage in p.stages:
    blocks = [__torch__.convnext_weights.prepare_block(block, dtype) for block in stage.blocks]
    stages.append(__torch__.convnext_weights.Stage(stage.downsample, blocks))
  return __torch__.convnext_weights.Weights(__torch__.convnext_weights.prepare_stem(p.stem), stages, p.head)
