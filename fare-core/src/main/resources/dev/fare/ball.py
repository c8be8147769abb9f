class Ball(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  # the lowest and the highest value of all, [2]; NaN if there is one
  def range(self: __torch__.Ball, x: Tensor) -> Tensor:
    low, high = torch.aminmax(x)
    return torch.stack([low, high])

  # the ends of the linf ball inside [0,1], rounded towards the centre: what lies between them in float32
  # lies in the ball in exact arithmetic. One part in 2^24: a float times one less this is the float below
  # it, or the next one below
  def bounds(self: __torch__.Ball, center: Tensor, epsilon: Tensor) -> List[Tensor]:
    exact = torch.to(center, 7)
    lower = (self).rounded_up(torch.clamp_min(exact - float(epsilon), 0), )
    upper = (self).rounded_down(torch.clamp_max(exact + float(epsilon), 1), )
    return [lower, upper]

  def rounded_down(self: __torch__.Ball, exact: Tensor) -> Tensor:
    rounded = torch.to(exact, 6)
    return torch.where(torch.gt(torch.to(rounded, 7), exact), rounded * 0.9999999403, rounded)

  def rounded_up(self: __torch__.Ball, exact: Tensor) -> Tensor:
    rounded = torch.to(exact, 6)
    return torch.where(torch.lt(torch.to(rounded, 7), exact), rounded * 1.0000001194, rounded)

  # in float32, each pixel no farther from the centre than in the exact image
  def towards_center(self: __torch__.Ball, exact: Tensor, center: Tensor) -> Tensor:
    outwards = torch.gt(exact, torch.to(center, 7))
    return torch.where(outwards, (self).rounded_down(exact, ), (self).rounded_up(exact, ))

  # all [N,...]; one pass over the memory instead of two
  def clamp(self: __torch__.Ball, images: Tensor, lower: Tensor, upper: Tensor) -> Tensor:
    return torch.clamp(images, lower, upper)

  # [N] of bool; NaN is not inside
  def inside(self: __torch__.Ball, images: Tensor, lower: Tensor, upper: Tensor) -> Tensor:
    if ops.prim.is_cuda(images):
      both = torch.logical_and(torch.ge(images, lower), torch.le(images, upper))
      return torch.all(torch.flatten(both, 1), 1)
    gaps = annotate(List[Tensor], [])
    for i in range(torch.size(images, 0)):
      gaps.append(torch.minimum(torch.min(images[i] - lower[i]), torch.min(upper[i] - images[i])))
    return torch.ge(torch.stack(gaps), 0)

  # the same for [0,1]
  def in_cube(self: __torch__.Ball, images: Tensor) -> Tensor:
    low, high = torch.aminmax(torch.flatten(images, 1), dim=1)
    return torch.logical_and(torch.ge(low, 0), torch.le(high, 1))

  # one number for each image, as one that multiplies images
  def each(self: __torch__.Ball, column: Tensor, images: Tensor) -> Tensor:
    shape = [torch.size(images, 0)]
    for i in range(torch.dim(images) - 1):
      shape.append(1)
    return torch.reshape(column, shape)

  # the lengths in float32, [N]; norm as below
  def sizes(self: __torch__.Ball, x: Tensor, kind: int) -> Tensor:
    rows = torch.flatten(x, 1)
    if kind == 0:
      size = torch.amax(torch.abs(rows), [1])
    elif kind == 1:
      size = torch.sqrt(torch.sum(torch.square(rows), [1]))
    else:
      size = torch.sum(torch.abs(rows), [1])
    return size

  # gradients at unit length; numbers = (norm, the least length to divide by)
  def unit(self: __torch__.Ball, gradient: Tensor, numbers: Tensor) -> Tensor:
    size = torch.clamp_min((self).sizes(gradient, int(numbers[0]), ), float(numbers[1]))
    return gradient / (self).each(size, gradient, )

  # x / (its length + the smallest) * radius; numbers = (norm, the smallest, radius)
  def at_length(self: __torch__.Ball, x: Tensor, numbers: Tensor) -> Tensor:
    size = (self).sizes(x, int(numbers[0]), ) + float(numbers[1])
    return x / (self).each(size, x, ) * float(numbers[2])

  # perturbations in the l2 ball; numbers = (epsilon, the least length to divide by)
  def project_l2(self: __torch__.Ball, perturbation: Tensor, numbers: Tensor) -> Tensor:
    length = torch.clamp_min((self).sizes(perturbation, 1, ), float(numbers[1]))
    factor = torch.clamp_max((self).inverse(length, ) * float(numbers[0]), 1)
    return perturbation * (self).each(factor, perturbation, )

  # not 1 / x, which differs by a last bit once in sixty times
  def inverse(self: __torch__.Ball, x: Tensor) -> Tensor:
    return torch.pow(x, torch.full([], -1, dtype=3, layout=None, device=ops.prim.device(x)))

  # images moved into the l2 ball and then into [0,1]
  def project_images_l2(self: __torch__.Ball, images: Tensor, center: Tensor, numbers: Tensor) -> Tensor:
    inside = center + (self).project_l2(images - center, numbers, )
    return torch.clamp(inside, 0, 1)

  # images with every change times one factor, so that their lengths are at most a radius; in float64.
  # numbers = (norm, radius)
  def shrunk(self: __torch__.Ball, images: Tensor, center: Tensor, numbers: Tensor) -> Tensor:
    lengths = torch.clamp_min((self).distances(images, center, numbers[0], ), 1e-30)
    factor = torch.clamp_max((self).inverse(lengths, ) * float(numbers[1]), 1)
    exact = torch.to(center, 7)
    return exact + (torch.to(images, 7) - exact) * (self).each(factor, images, )

  # whether every pixel is within the bounds, and the longest distance, [2] of float64
  def look(self: __torch__.Ball, images: Tensor, center: Tensor, lower: Tensor, upper: Tensor, norm: Tensor) -> Tensor:
    return (self).both((self).inside(images, lower, upper, ), (self).distances(images, center, norm, ), )

  # the same for [0,1]
  def look_in_cube(self: __torch__.Ball, images: Tensor, center: Tensor, norm: Tensor) -> Tensor:
    return (self).both((self).in_cube(images, ), (self).distances(images, center, norm, ), )

  def both(self: __torch__.Ball, inside: Tensor, distances: Tensor) -> Tensor:
    return torch.stack([torch.to(torch.all(inside), 7), torch.amax(distances)])

  # which images lie in [0,1] and no farther than a number; numbers = (norm, the farthest)
  def contains(self: __torch__.Ball, images: Tensor, center: Tensor, numbers: Tensor) -> Tensor:
    near = torch.le((self).distances(images, center, numbers[0], ), float(numbers[1]))
    return torch.logical_and((self).in_cube(images, ), near)

  # takes what an image is too long in l1 off its largest change: adding the same small number to many
  # pixels rounds in the same direction, and then a common factor does not help
  def trim(self: __torch__.Ball, images: Tensor, center: Tensor, epsilon: Tensor) -> Tensor:
    pixels = torch.flatten(images, 1)
    x = torch.flatten(center, 1)
    change = pixels - x
    size = torch.abs(change)
    excess = torch.sum(size, [1], True, dtype=7) - float(epsilon)
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

  # the nearest images in the l1 ball of radius epsilon around center and in [0,1]
  def project_l1(self: __torch__.Ball, images: Tensor, center: Tensor, epsilon: Tensor) -> Tensor:
    if ops.prim.is_cuda(images):
      return (self).project_all_l1(images - center, center, epsilon, )
    nearest = torch.empty_like(images)
    for i in range(torch.size(images, 0)):
      x = center[i]
      torch.clamp((self).nearest_of_one(x, images[i] - x, float(epsilon), ), 0, 1, out=nearest[i])
    return nearest

  # the same for center + change. Where the host computes, image by image: what passes over one reads then
  # stays in its cache
  def project_l1_change(self: __torch__.Ball, change: Tensor, center: Tensor, epsilon: Tensor) -> Tensor:
    if ops.prim.is_cuda(change):
      return (self).project_all_l1(change, center, epsilon, )
    nearest = torch.empty_like(change)
    for i in range(torch.size(change, 0)):
      torch.clamp((self).nearest_of_one(center[i], change[i], float(epsilon), ), 0, 1, out=nearest[i])
    return nearest

  def project_all_l1(self: __torch__.Ball, change: Tensor, center: Tensor, epsilon: Tensor) -> Tensor:
    moved = center + change
    most = torch.abs(change)
    least = (self).to_cube(moved, center, change, )
    shift = (self).shift_of_all(torch.flatten(least, 1), torch.flatten(most, 1), float(epsilon), )
    moves = torch.clamp((self).each(shift, change, ), least, most)
    return torch.clamp((self).moved_back(moved, change, moves, ), 0, 1)

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

  # perturbations in the l1 ball of radius epsilon, wherever [0,1] ends: all coordinates shorter by the same
  def soften(self: __torch__.Ball, perturbation: Tensor, epsilon: Tensor) -> Tensor:
    magnitudes = torch.flatten(torch.abs(perturbation), 1)
    shift = (self).shift(torch.zeros_like(magnitudes), magnitudes, float(epsilon), )
    shrunk = torch.clamp_min(magnitudes - shift, 0)
    return torch.sign(perturbation) * torch.reshape(shrunk, torch.size(perturbation))

  # the shift by which each row comes into a ball of length epsilon, where pixel i moves by the
  # shift, but at least by least[i] and at most by most[i], its length;
  # least and most [N,D] -> [N,1], 0 where the least moves are enough
  def shift(self: __torch__.Ball, least: Tensor, most: Tensor, epsilon: float) -> Tensor:
    if ops.prim.is_cuda(most):
      return (self).shift_of_all(least, most, epsilon, )
    shifts = annotate(List[float], [])
    for i in range(torch.size(most, 0)):
      shifts.append((self).shift_of_one(least[i], most[i], epsilon, ))
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

  # all rows at once, without waiting for any of them: the sum of moves rises by as much as pixels move
  # between any two of the sorted break points, so the answer lies in the segment where it reaches its goal
  def shift_of_all(self: __torch__.Ball, least: Tensor, most: Tensor, epsilon: float) -> Tensor:
    goal = torch.sum(torch.to(most, 7) - least, [1], True) - epsilon
    breaks, order = torch.sort(torch.cat([least, most], 1), 1)
    turns = torch.cat([torch.ones_like(least), torch.neg(torch.ones_like(most))], 1)
    # [N,2D]: how many move from each break point on
    moving = torch.cumsum(torch.gather(turns, 1, order), 1)
    last = torch.size(breaks, 1) - 1
    exact = torch.to(breaks, 7)
    gains = moving[:, :last] * (exact[:, 1:] - exact[:, :last])
    reached = (self).running_sums(gains, )
    segment = torch.clamp_max(torch.sum(torch.lt(reached, goal), [1], True), last - 1)
    before = torch.gather(reached, 1, segment) - torch.gather(gains, 1, segment)
    step = (goal - before) / torch.clamp_min(torch.gather(moving, 1, segment), 1)
    shift = torch.gather(exact, 1, segment) + step
    return torch.to(torch.where(torch.gt(goal, 0), shift, torch.zeros_like(shift)), 6)

  # along each row; CUDA adds up a row that is alone in no fixed order
  def running_sums(self: __torch__.Ball, rows: Tensor) -> Tensor:
    if torch.size(rows, 0) > 1:
      return torch.cumsum(rows, 1)
    return torch.cumsum(torch.expand(rows, [2, -1]), 1)[:1]
