# ConvNeXt (Liu et al., 2022) as open_clip's CLIP has it by way of timm, pixels in [0,1] to embeddings.
class ConvNext(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  params : List[Tensor]
  prepared : List[Tensor]
  seen : int
  depth_0 : int
  depth_1 : int
  depth_2 : int
  depth_3 : int
  epsilon : float
  deterministic : bool
  dtype : int

  def bind(self: __torch__.ConvNext, p: List[Tensor]) -> Tensor:
    self.params = p
    self.prepared = __torch__.prepared.keep((self).prepare(p))
    self.seen = __torch__.prepared.version(p)
    return p[0]

  def depths(self: __torch__.ConvNext) -> List[int]:
    return [self.depth_0, self.depth_1, self.depth_2, self.depth_3]

  # in the order of convnext_weights.py
  def prepare(self: __torch__.ConvNext, p: List[Tensor]) -> List[Tensor]:
    return __torch__.convnext_weights.flat((self).prepare_by_name(p))

  def prepare_by_name(self: __torch__.ConvNext, p: List[Tensor]) -> __torch__.convnext_weights.Weights:
    return __torch__.convnext_weights.prepare(__torch__.convnext_weights.read(p, (self).depths()), self.dtype)

  # made in the graph where the weights themselves are trained
  def weights(self: __torch__.ConvNext) -> __torch__.convnext_weights.Weights:
    if __torch__.prepared.is_trained(self.params):
      w = (self).prepare_by_name(self.params)
    else:
      now = __torch__.prepared.version(self.params)
      if now != self.seen:
        __torch__.prepared.refresh(self.prepared, (self).prepare(self.params))
        self.seen = now
      w = __torch__.convnext_weights.read(self.prepared, (self).depths())
    return w

  # [N, 3, H, W] -> [N, h, w, C]
  def run_stem(self: __torch__.ConvNext, w: __torch__.convnext_weights.Stem, pixels: Tensor) -> Tensor:
    x = torch.linear(__torch__.patches.flatten(pixels, 4), w.kernel, w.bias)
    return __torch__.transformer.layer_norm(x, w.norm_weight, w.norm_bias, self.epsilon)

  # [N, H, W, C] -> [N, H / 2, W / 2, C']
  def run_downsample(self: __torch__.ConvNext, w: __torch__.convnext_weights.Downsample, x: Tensor) -> Tensor:
    x = __torch__.transformer.layer_norm(x, w.norm_weight, w.norm_bias, self.epsilon)
    return torch.linear(__torch__.patches.flatten(x.permute([0, 3, 1, 2]), 2), w.kernel.flatten(1), w.bias)

  # [N, H, W, C] -> [N, H, W, C]
  def run_block(self: __torch__.ConvNext, w: __torch__.convnext_weights.Block, x: Tensor) -> Tensor:
    c = x.size(-1)
    y = x.permute([0, 3, 1, 2])
    if x.is_cuda and (self.deterministic or self.dtype == 6):
      # in this layout libtorch takes its own kernels, which sum in a fixed order, and not cuDNN's, which may
      # round factors to TF32
      y = y.contiguous()
    y = torch.conv2d(y, w.conv_dw_weight, w.conv_dw_bias, [1, 1], [3, 3], [1, 1], c)
    y = __torch__.transformer.layer_norm(y.permute([0, 2, 3, 1]), w.norm_weight, w.norm_bias, self.epsilon)
    y = torch.gelu(__torch__.transformer.linear(y, w.fc1_weight, w.fc1_bias))
    return x + torch.linear(y, w.fc2_weight, w.fc2_bias) * w.gamma

  # a block, with what stands before it where it begins a stage
  def run_next(self: __torch__.ConvNext, stage: __torch__.convnext_weights.Stage, x: Tensor, block: int) -> Tensor:
    downsample = stage.downsample
    if block == 0 and downsample is not None:
      x = (self).run_downsample(downsample, x)
    return (self).run_block(stage.blocks[block], x)

  # [N, h, w, C] -> [N, D]
  def run_head(self: __torch__.ConvNext, w: __torch__.convnext_weights.Head, x: Tensor) -> Tensor:
    y = __torch__.transformer.layer_norm(torch.mean(x, [1, 2]), w.norm_weight, w.norm_bias, self.epsilon)
    return torch.linear(y, w.proj)

  # [N, 3, H, W] -> [N, h, w, C] after the stem and after each of the first stages
  def run_stages(self: __torch__.ConvNext, w: __torch__.convnext_weights.Weights, pixels: Tensor, count: int) -> List[Tensor]:
    x = (self).run_stem(w.stem, pixels)
    states = [x]
    for stage in w.stages[0:count]:
      for block in range(len(stage.blocks)):
        x = (self).run_next(stage, x, block)
      states.append(x)
    return states

  # [N, 3, H, W] -> [N, D]
  def embed(self: __torch__.ConvNext, pixels: Tensor) -> Tensor:
    w = (self).weights()
    return (self).run_head(w.head, (self).run_stages(w, pixels, 4)[4])

  # the positions [N, h * w, C] after the stem (0) or a stage
  def hidden_state(self: __torch__.ConvNext, pixels: Tensor, depth: Tensor) -> Tensor:
    count = int(depth)
    return (self).run_stages((self).weights(), pixels, count)[count].flatten(1, 2)

  def hidden_states(self: __torch__.ConvNext, pixels: Tensor) -> List[Tensor]:
    flat = annotate(List[Tensor], [])
    for x in (self).run_stages((self).weights(), pixels, 4):
      flat.append(x.flatten(1, 2))
    return flat

  # Activation checkpointing, see recomputed.py.

  # whether a pass over the pixels must be recorded
  def is_recorded(self: __torch__.ConvNext, pixels: Tensor) -> Tensor:
    return torch.tensor(__torch__.prepared.is_recorded(self.params, pixels))

  def parts_for(self: __torch__.ConvNext, pixels: Tensor) -> Tensor:
    return torch.tensor(len((self).part_starts()) - 1)

  def part_starts(self: __torch__.ConvNext) -> List[int]:
    return __torch__.convnext_weights.part_starts(self.params, (self).depths())

  def first_part(self: __torch__.ConvNext, pixels: Tensor, parts: Tensor) -> Tensor:
    return __torch__.recomputed.first_part(self.params, (self).part_starts(), pixels)

  # the stage of a part that is a block, and which of the stage's blocks it is
  def place(self: __torch__.ConvNext, part: int) -> Tuple[int, int]:
    depths = (self).depths()
    stage = 0
    block = part - 1
    while block >= depths[stage]:
      block = block - depths[stage]
      stage = stage + 1
    return (stage, block)

  # the weights, those of a part made in the graph; the others are of no use then
  def weights_in_graph(self: __torch__.ConvNext, part: int, parts: int) -> __torch__.convnext_weights.Weights:
    p = __torch__.convnext_weights.read(self.params, (self).depths())
    stem = p.stem
    if part == 0:
      stem = __torch__.convnext_weights.prepare_stem(stem)
    elif part < parts - 1:
      stage, block = (self).place(part)
      blocks = p.stages[stage].blocks
      blocks[block] = __torch__.convnext_weights.prepare_block(blocks[block], self.dtype)
    return __torch__.convnext_weights.Weights(stem, p.stages, p.head)

  def run_part(self: __torch__.ConvNext, w: __torch__.convnext_weights.Weights, x: Tensor, part: int, parts: int) -> Tensor:
    if part == 0:
      x = (self).run_stem(w.stem, x)
    elif part == parts - 1:
      x = (self).run_head(w.head, x)
    else:
      stage, block = (self).place(part)
      x = (self).run_next(w.stages[stage], x, block)
    return x

  # the result of each part
  def run_parts(self: __torch__.ConvNext, pixels: Tensor, parts: Tensor) -> List[Tensor]:
    w = (self).weights()
    x = pixels
    results = annotate(List[Tensor], [])
    for part in range(int(parts)):
      x = (self).run_part(w, x, part, int(parts))
      results.append(x)
    return results

  # from what a part was given and the gradient of its result
  def part_gradients(self: __torch__.ConvNext, before: Tensor, g: Tensor, number: Tensor, parts: Tensor) -> List[Tensor]:
    part = int(number)
    own = __torch__.recomputed.own(self.params, (self).part_starts(), part)
    if __torch__.recomputed.is_trained(own):
      w = (self).weights_in_graph(part, int(parts))
    else:
      w = __torch__.convnext_weights.read(self.prepared, (self).depths())
    x = __torch__.recomputed.leaf(before, part > 0 or ops.prim.requires_grad(before))
    return __torch__.recomputed.gradients(own, x, (self).run_part(w, x, part, int(parts)), g)
