class Ball(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  # all [N,...]; one pass over the memory instead of two
  def clamp(self: __torch__.Ball, images: Tensor, lower: Tensor, upper: Tensor) -> Tensor:
    return torch.clamp(images, lower, upper)

  # [N] of bool; NaN is not inside. Bounds are images or, as one number, the same for all
  def inside(self: __torch__.Ball, images: Tensor, lower: Tensor, upper: Tensor) -> Tensor:
    if ops.prim.is_cuda(images):
      both = torch.logical_and(torch.ge(images, lower), torch.le(images, upper))
      return torch.all(torch.flatten(both, 1), 1)
    gaps = annotate(List[Tensor], [])
    for i in range(torch.size(images, 0)):
      low = lower if torch.dim(lower) == 0 else lower[i]
      high = upper if torch.dim(upper) == 0 else upper[i]
      gaps.append(torch.minimum(torch.min(images[i] - low), torch.min(high - images[i])))
    return torch.ge(torch.stack(gaps), 0)

  # takes what an image is too long in l1 off its largest change: adding the same small number to many
  # pixels rounds in the same direction, and then a common factor does not help
  def trim(self: __torch__.Ball, images: Tensor, center: Tensor, epsilon: Tensor) -> Tensor:
    pixels = torch.flatten(images, 1)
    x = torch.flatten(center, 1)
    change = pixels - x
    size = torch.abs(change)
    excess = torch.sum(size, [1], True, dtype=7) - epsilon
    at = torch.argmax(size, 1, True)
    kept = torch.clamp_min(torch.gather(size, 1, at) - torch.to(excess, 6), 0)
    shorter = torch.gather(x, 1, at) + torch.sign(torch.gather(change, 1, at)) * kept
    value = torch.where(torch.gt(excess, 0), shorter, torch.gather(pixels, 1, at))
    return torch.reshape(torch.scatter(pixels, 1, at, value), torch.size(images))

  # the lengths of images - center, [N] of float64; norm is 0 for linf, 1 for l2, 2 for l1. A difference
  # in float32 is right to 6e-8 of itself, and so is the length if it is added up in float64
  def distances(self: __torch__.Ball, images: Tensor, center: Tensor, norm: Tensor) -> Tensor:
    kind = int(norm)
    if ops.prim.is_cuda(images):
      return (self).lengths(torch.flatten(images - center, 1), kind, )
    found = annotate(List[Tensor], [])
    for i in range(torch.size(images, 0)):
      found.append((self).lengths(torch.reshape(images[i] - center[i], [1, -1]), kind, ))
    return torch.cat(found)

  def lengths(self: __torch__.Ball, rows: Tensor, kind: int) -> Tensor:
    if kind == 0:
      length = torch.to(torch.amax(torch.abs_(rows), [1]), 7)
    elif kind == 1:
      length = torch.sqrt(torch.sum(torch.square_(rows), [1], False, dtype=7))
    else:
      length = torch.sum(torch.abs_(rows), [1], False, dtype=7)
    return length

  # the nearest images in the l1 ball of radius epsilon (float64) around center and in [0,1]
  def project_l1(self: __torch__.Ball, images: Tensor, center: Tensor, epsilon: Tensor) -> Tensor:
    if ops.prim.is_cuda(images):
      return (self).project_l1_change(images - center, center, epsilon, )
    nearest = torch.empty_like(images)
    for i in range(torch.size(images, 0)):
      x = center[i]
      torch.clamp((self).nearest_of_one(x, images[i] - x, float(epsilon), ), 0, 1, out=nearest[i])
    return nearest

  # the same for center + change. Where the host computes, image by image: what passes over one reads then
  # stays in its cache
  def project_l1_change(self: __torch__.Ball, change: Tensor, center: Tensor, epsilon: Tensor) -> Tensor:
    if ops.prim.is_cuda(change):
      moved = center + change
      most = torch.abs(change)
      least = (self).to_cube(moved, center, change, )
      shift = (self).shift(torch.flatten(least, 1), torch.flatten(most, 1), epsilon, )
      each = torch.reshape(shift, [torch.size(change, 0), 1, 1, 1])
      return torch.clamp((self).moved_back(moved, change, torch.clamp(each, least, most), ), 0, 1)
    nearest = torch.empty_like(change)
    for i in range(torch.size(change, 0)):
      torch.clamp((self).nearest_of_one(center[i], change[i], float(epsilon), ), 0, 1, out=nearest[i])
    return nearest

  def nearest_of_one(self: __torch__.Ball, x: Tensor, y: Tensor, epsilon: float) -> Tensor:
    moved = x + y
    most = torch.abs(y)
    least = (self).to_cube(moved, x, y, )
    shift = torch.full([], (self).shift_of_one(least, most, epsilon, ), dtype=6)
    return (self).moved_back(moved, y, torch.clamp(shift, least, most), )

  # how far each pixel must move towards the centre to enter [0,1]
  def to_cube(self: __torch__.Ball, moved: Tensor, x: Tensor, y: Tensor) -> Tensor:
    room = torch.minimum(torch.sub_(1 - x, y), moved)
    return torch.neg_(torch.clamp_max_(room, 0))

  # as the published code adds them: what moves back all the way may miss the centre by a last bit
  def moved_back(self: __torch__.Ball, moved: Tensor, y: Tensor, moves: Tensor) -> Tensor:
    return torch.addcmul_(moved, torch.sign(y), moves, value=-1)

  # the shift by which each row comes into a ball of length epsilon, where pixel i moves by the
  # shift, but at least by least[i] and at most by most[i], its length;
  # least and most [N,D], epsilon [] of float64 -> [N,1], 0 where the least moves are enough
  def shift(self: __torch__.Ball, least: Tensor, most: Tensor, epsilon: Tensor) -> Tensor:
    if ops.prim.is_cuda(most):
      return (self).shift_of_all(least, most, epsilon, )
    shifts = annotate(List[float], [])
    for i in range(torch.size(most, 0)):
      shifts.append((self).shift_of_one(least[i], most[i], float(epsilon), ))
    return torch.unsqueeze(torch.tensor(shifts, dtype=6), 1)

  # one row. The sum of moves is an increasing, piecewise linear function of the shift, of which a secant
  # costs a third of a slope that is counted: secants inside a bracket, slopes where they are too short,
  # and a last step in double precision
  def shift_of_one(self: __torch__.Ball, least: Tensor, most: Tensor, epsilon: float) -> float:
    excess = float(torch.sum(most - least, dtype=7)) - epsilon
    if excess <= 0.:
      return 0.
    before = float(torch.sum(least))
    goal = before + excess
    low = 0.
    high = float(torch.max(most))
    last = 0.
    slope = float(torch.sum(torch.sign(most)))
    shift = excess / slope
    for i in range(40):
      moves = torch.clamp(torch.full([], shift, dtype=6), least, most)
      sum = float(torch.sum(moves))
      gap = goal - sum
      if gap > 0.:
        low = shift
      else:
        high = shift
      if abs(gap) <= 3e-7 * goal:
        break
      if i < 8 and abs(sum - before) > 1e-3 * goal:
        slope = (sum - before) / (shift - last)
      else:
        slope = (self).slope_at(shift, least, most, )
      last = shift
      before = sum
      shift = shift + gap / max(slope, 1.)
      if not (shift > low and shift < high):
        shift = (low + high) / 2.
    # a sum in single precision is right to a ten-millionth of itself, and may be far above epsilon
    low = 0.
    high = float(torch.max(most))
    for i in range(80):
      moves = torch.clamp(torch.full([], shift, dtype=6), least, most)
      excess = float(torch.sum(torch.sub(most, moves), dtype=7)) - epsilon
      if abs(excess) <= 1e-6 * epsilon:
        return max(shift + excess / max(slope, 1.), 0.)
      if excess > 0.:
        low = shift
      else:
        high = shift
      slope = (self).slope_at(shift, least, most, )
      shift = shift + excess / max(slope, 1.)
      if slope == 0. or i % 4 == 3 or not (shift > low and shift < high):
        shift = (low + high) / 2.
    return shift

  # whoever moves by the shift itself moves on with it
  def slope_at(self: __torch__.Ball, shift: float, least: Tensor, most: Tensor) -> float:
    moving = torch.logical_and(torch.le(least, shift), torch.gt(most, shift))
    return float(torch.sum(moving))

  # all rows at once, without waiting for any of them: Newton's method inside a bracket
  def shift_of_all(self: __torch__.Ball, least: Tensor, most: Tensor, epsilon: Tensor) -> Tensor:
    excess = torch.sum(most, [1], True, dtype=7) - epsilon
    goal = torch.to(excess, 6)
    low = torch.zeros_like(goal)
    high = torch.amax(most, [1], True)
    shift = low
    for i in range(40):
      moves = torch.clamp(shift, least, most)
      gap = goal - torch.sum(moves, [1], True)
      # whoever moves by the shift itself moves on with it; at a break point that may be one too many
      slope = torch.sum(torch.eq(moves, shift), [1], True)
      rises = torch.gt(gap, 0)
      low = torch.where(rises, shift, low)
      high = torch.where(rises, high, shift)
      newton = shift + gap / torch.clamp_min(slope, 1)
      inside = torch.logical_and(torch.ge(newton, low), torch.le(newton, high))
      solvable = torch.logical_or(torch.gt(slope, 0), torch.eq(gap, 0))
      following = torch.where(torch.logical_and(inside, solvable), newton, (low + high) / 2)
      shift = following
    moves = torch.clamp(shift, least, most)
    slope = torch.sum(torch.eq(moves, shift), [1], True)
    moved = torch.sum(moves, [1], True, dtype=7)
    last = torch.to(shift, 7) + (excess - moved) / torch.clamp_min(slope, 1)
    exact = torch.clamp_min(torch.to(last, 6), 0)
    return torch.where(torch.gt(slope, 0), exact, shift)
