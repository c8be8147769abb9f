# ConvNeXt (Liu et al., 2022) as open_clip's CLIP has it by way of timm, pixels in [0,1] to embeddings.
#
# params: 0 mean  1 std  2 stem.0.weight  3 stem.0.bias  4, 5 stem.1; then for each stage, from the second
#   on, 0, 1 downsample.0 (norm)  2, 3 downsample.1 (convolution); nine for each block: 0 gamma
#   1 conv_dw.weight  2 conv_dw.bias  3, 4 norm  5, 6 mlp.fc1  7, 8 mlp.fc2; then head.norm and head.proj
# The forward reads them prepared: the stem with mean and std folded in at 2 and 3.
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
  dtype : int

  def bind(self: __torch__.ConvNext, p: List[Tensor]) -> Tensor:
    self.params = p
    self.prepared = __torch__.prepared.keep((self).prepare(p))
    self.seen = __torch__.prepared.version(p)
    return p[0]

  def prepare(self: __torch__.ConvNext, p: List[Tensor]) -> List[Tensor]:
    kernel, bias = __torch__.patches.fold(p[2], p[0], p[1])
    w = [p[0], p[1], kernel, bias + p[3]]
    for i in range(4, len(p)):
      w.append(p[i])
    if self.dtype != 6:
      depths = [self.depth_0, self.depth_1, self.depth_2, self.depth_3]
      i = 6
      for stage in range(4):
        if stage > 0:
          i = i + 4
        for block in range(depths[stage]):
          for j in range(5, 9):
            w[i + j] = w[i + j].to(self.dtype)
          i = i + 9
    return w

  # made in the graph where the weights themselves are trained
  def weights(self: __torch__.ConvNext) -> List[Tensor]:
    if __torch__.prepared.is_trained(self.params):
      w = (self).prepare(self.params)
    else:
      w = self.prepared
      now = __torch__.prepared.version(self.params)
      if now != self.seen:
        __torch__.prepared.refresh(w, (self).prepare(self.params))
        self.seen = now
    return w

  # [N, H, W, C] -> [N, H, W, C]
  def run_block(self: __torch__.ConvNext, w: List[Tensor], x: Tensor, i: int) -> Tensor:
    c = x.size(-1)
    y = torch.conv2d(x.permute([0, 3, 1, 2]), w[i + 1], w[i + 2], [1, 1], [3, 3], [1, 1], c).permute([0, 2, 3, 1])
    y = __torch__.transformer.layer_norm(y, w[i + 3], w[i + 4], self.epsilon)
    y = torch.gelu(__torch__.transformer.linear(y, w[i + 5], w[i + 6]))
    return x + torch.linear(y, w[i + 7], w[i + 8]) * w[i]

  # [N, H, W, C] -> [N, H / 2, W / 2, C']
  def downsample(self: __torch__.ConvNext, w: List[Tensor], x: Tensor, i: int) -> Tensor:
    x = __torch__.transformer.layer_norm(x, w[i], w[i + 1], self.epsilon)
    kernel = w[i + 2]
    return torch.linear(__torch__.patches.flatten(x.permute([0, 3, 1, 2]), 2), kernel.flatten(1), w[i + 3])

  # [N, 3, H, W] -> [N, h, w, C]
  def stem(self: __torch__.ConvNext, w: List[Tensor], pixels: Tensor) -> Tensor:
    x = torch.linear(__torch__.patches.flatten(pixels, 4), w[2], w[3])
    return __torch__.transformer.layer_norm(x, w[4], w[5], self.epsilon)

  # [N, h, w, C] -> [N, D]
  def head(self: __torch__.ConvNext, w: List[Tensor], x: Tensor) -> Tensor:
    n = len(w)
    y = __torch__.transformer.layer_norm(torch.mean(x, [1, 2]), w[n - 3], w[n - 2], self.epsilon)
    return torch.linear(y, w[n - 1])

  # [N, 3, H, W] -> [N, h, w, C] after the stem and after each of the first stages
  def stages(self: __torch__.ConvNext, w: List[Tensor], pixels: Tensor, count: int) -> List[Tensor]:
    depths = [self.depth_0, self.depth_1, self.depth_2, self.depth_3]
    x = (self).stem(w, pixels)
    states = [x]
    i = 6
    for stage in range(count):
      if stage > 0:
        x = (self).downsample(w, x, i)
        i = i + 4
      for block in range(depths[stage]):
        x = (self).run_block(w, x, i)
        i = i + 9
      states.append(x)
    return states

  # [N, 3, H, W] -> [N, D]
  def embed(self: __torch__.ConvNext, pixels: Tensor) -> Tensor:
    w = (self).weights()
    return (self).head(w, (self).stages(w, pixels, 4)[4])

  # the positions [N, h * w, C] after the stem (0) or a stage
  def hidden_state(self: __torch__.ConvNext, pixels: Tensor, depth: Tensor) -> Tensor:
    count = int(depth)
    return (self).stages((self).weights(), pixels, count)[count].flatten(1, 2)

  def hidden_states(self: __torch__.ConvNext, pixels: Tensor) -> List[Tensor]:
    flat = annotate(List[Tensor], [])
    for x in (self).stages((self).weights(), pixels, 4):
      flat.append(x.flatten(1, 2))
    return flat

  # Activation checkpointing, see recomputed.py. The parts are the stem (0), each block, with what stands
  # before it where it begins a stage, and the head.

  # whether a pass over the pixels must be recorded
  def is_recorded(self: __torch__.ConvNext, pixels: Tensor) -> Tensor:
    return torch.tensor(__torch__.prepared.is_recorded(self.params, pixels))

  def part_starts(self: __torch__.ConvNext) -> List[int]:
    depths = [self.depth_0, self.depth_1, self.depth_2, self.depth_3]
    starts = [0]
    i = 6
    for stage in range(4):
      for block in range(depths[stage]):
        starts.append(i)
        i = i + 9
        if stage > 0 and block == 0:
          i = i + 4
    starts.append(i)
    starts.append(len(self.params))
    return starts

  def first_part(self: __torch__.ConvNext, pixels: Tensor) -> Tensor:
    return __torch__.recomputed.first_part(self.params, (self).part_starts(), pixels)

  # of the params from `first` to `end` made in the graph; the others are of no use then
  def part_weights(self: __torch__.ConvNext, first: int, end: int, block: int) -> List[Tensor]:
    p = self.params
    w = annotate(List[Tensor], [])
    for t in self.prepared:
      w.append(t)
    if first == 0:
      kernel, bias = __torch__.patches.fold(p[2], p[0], p[1])
      w[2] = kernel
      w[3] = bias + p[3]
    for i in range(first, end):
      if i >= 4:
        w[i] = p[i]
        if block > 0 and i >= block + 5:
          w[i] = p[i].to(self.dtype)
    return w

  # a part whose params are `first` to `end`; a block's are the last nine of them
  def run_part(self: __torch__.ConvNext, w: List[Tensor], x: Tensor, first: int, end: int) -> Tensor:
    if first == 0:
      y = (self).stem(w, x)
    elif end == len(w):
      y = (self).head(w, x)
    else:
      if end - first > 9:
        x = (self).downsample(w, x, first)
      y = (self).run_block(w, x, end - 9)
    return y

  # the result of each part
  def run_parts(self: __torch__.ConvNext, pixels: Tensor) -> List[Tensor]:
    w = (self).weights()
    starts = (self).part_starts()
    x = pixels
    results = annotate(List[Tensor], [])
    for part in range(len(starts) - 1):
      x = (self).run_part(w, x, starts[part], starts[part + 1])
      results.append(x)
    return results

  # from what a part was given and the gradient of its result
  def part_gradients(self: __torch__.ConvNext, before: Tensor, g: Tensor, number: Tensor) -> List[Tensor]:
    part = int(number)
    starts = (self).part_starts()
    first = starts[part]
    end = starts[part + 1]
    w = self.prepared
    if __torch__.recomputed.is_trained(self.params, first, end):
      block = 0
      if first > 0 and end < len(w):
        block = end - 9
      w = (self).part_weights(first, end, block)
    x = __torch__.recomputed.leaf(before, part > 0 or ops.prim.requires_grad(before))
    return __torch__.recomputed.gradients(self.params, first, end, x, (self).run_part(w, x, first, end), g)
