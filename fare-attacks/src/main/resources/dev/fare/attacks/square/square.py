class Square(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  # 1 from each start [N,1] on for some length, else 0; [N,size]
  def within(self: __torch__.Square, starts: Tensor, length: int, size: int) -> Tensor:
    at = torch.arange(size, dtype=6, layout=None, device=ops.prim.device(starts))
    return torch.to(torch.logical_and(torch.ge(at, starts), torch.lt(at, starts + length)), 6)

  # one square of one color a channel in each image [N,C,H,W]; draws [N, 2 + C] = top, left, colors;
  # numbers = (side, height, width)
  def squares(self: __torch__.Square, draws: Tensor, numbers: Tensor) -> Tensor:
    n = torch.size(draws, 0)
    side = int(numbers[0])
    rows = torch.reshape((self).within(draws[:, 0:1], side, int(numbers[1]), ), [n, 1, -1, 1])
    columns = torch.reshape((self).within(draws[:, 1:2], side, int(numbers[2]), ), [n, 1, 1, -1])
    return rows * columns * torch.reshape(draws[:, 2:], [n, -1, 1, 1])

  # [N,1,H*W]: 1 in a window, else 0; places [N,2] = top, left
  def mask(self: __torch__.Square, places: Tensor, side: int, height: int, width: int) -> Tensor:
    rows = torch.unsqueeze((self).within(places[:, 0:1], side, height, ), 2)
    columns = torch.unsqueeze((self).within(places[:, 1:2], side, width, ), 1)
    return torch.reshape(rows * columns, [torch.size(places, 0), 1, -1])

  # where in an image of this width the rows and columns [N,A] and [N,B] from places on lie, [N,1,A*B]
  def index(self: __torch__.Square, rows: Tensor, columns: Tensor, width: int) -> Tensor:
    at = torch.unsqueeze(rows, 2) * width + torch.unsqueeze(columns, 1)
    return torch.reshape(torch.to(at, 4), [torch.size(rows, 0), 1, -1])

  # x [N,C,A] at index [N,1,B]
  def pick(self: __torch__.Square, x: Tensor, index: Tensor) -> Tensor:
    size = [torch.size(x, 0), torch.size(x, 1), torch.size(index, 2)]
    return torch.gather(x, 2, torch.expand(index, size))

  # of each channel [N,C,A], [N,C,1]
  def length(self: __torch__.Square, x: Tensor, is_l2: bool) -> Tensor:
    if is_l2:
      length = torch.sqrt(torch.sum(torch.square(x), [2], True))
    else:
      length = torch.sum(torch.abs(x), [2], True)
    return length

  # how long each channel's new window may be, [N,C,1]
  def budget(self: __torch__.Square, flat: Tensor, moved: Tensor, epsilon: float, is_l2: bool) -> Tensor:
    n = torch.size(flat, 0)
    channels = torch.size(flat, 1)
    if is_l2:
      used = torch.sum(torch.reshape(torch.square(flat), [n, -1]), [1])
      free = torch.clamp_min(torch.neg(used) + epsilon * epsilon, 0) / channels
      budget = torch.sqrt(torch.square(moved) + torch.reshape(free, [n, 1, 1]))
    else:
      used = torch.sum(torch.reshape(torch.abs(flat), [n, -1]), [1])
      free = torch.clamp_min(torch.neg(used) + epsilon, 0) / channels
      budget = (moved + torch.reshape(free, [n, 1, 1])) * channels
    return budget

  # the mass of one window of the perturbation moves to another, where a pyramid joins what is there;
  # images and center [N,C,H,W]; brought = the pyramids [2, side * side], upright and turned, and for each
  # image top and left of the new window and of the other, whether the pyramid is turned, and C signs;
  # numbers = (side, epsilon, is l2)
  def move(self: __torch__.Square, images: Tensor, center: Tensor, brought: Tensor, numbers: Tensor) -> Tensor:
    side = int(numbers[0])
    is_l2 = int(numbers[2]) == 1
    n = torch.size(images, 0)
    channels = torch.size(images, 1)
    size = 2 * side * side
    pyramids = torch.reshape(brought[:size], [2, -1])
    draws = torch.reshape(brought[size:], [n, -1])
    height = torch.size(images, 2)
    width = torch.size(images, 3)
    top = draws[:, 0:1]
    left = draws[:, 1:2]
    flat = torch.reshape(images - center, [n, channels, -1])
    in_window = (self).mask(draws[:, 0:2], side, height, width, )
    in_other = (self).mask(draws[:, 2:4], side, height, width, )
    steps = torch.arange(side, dtype=6, layout=None, device=ops.prim.device(draws))
    window = (self).pick(flat, (self).index(top + steps, left + steps, width, ), )
    pyramid = torch.index_select(pyramids, 0, torch.to(draws[:, 4], 4))
    added = torch.reshape(draws[:, 5:], [n, channels, 1]) * torch.unsqueeze(pyramid, 1)
    joined = added + window / ((self).length(window, is_l2, ) + 1e-12)
    moved = (self).length(flat * torch.maximum(in_window, in_other), is_l2, )
    budget = (self).budget(flat, moved, float(numbers[1]), is_l2, )
    scaled = joined / ((self).length(joined, is_l2, ) + 1e-12) * budget
    # the window's values at its place in the image; anything outside it
    ys = torch.arange(height, dtype=6, layout=None, device=ops.prim.device(draws))
    xs = torch.arange(width, dtype=6, layout=None, device=ops.prim.device(draws))
    in_y = torch.clamp(ys - top, 0, side - 1)
    in_x = torch.clamp(xs - left, 0, side - 1)
    spread = (self).pick(scaled, (self).index(in_y, in_x, side, ), )
    emptied = flat * (torch.neg(in_other) + 1) * (torch.neg(in_window) + 1)
    return torch.reshape(emptied + spread * in_window, torch.size(images))
