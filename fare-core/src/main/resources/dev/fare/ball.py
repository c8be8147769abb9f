class Ball(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  # all [N,...]; one pass over the memory instead of two
  def clamp(self: __torch__.Ball, images: Tensor, lower: Tensor, upper: Tensor) -> Tensor:
    return torch.clamp(images, lower, upper)

  # [N] of bool; NaN is not inside
  def inside(self: __torch__.Ball, images: Tensor, lower: Tensor, upper: Tensor) -> Tensor:
    both = torch.logical_and(torch.ge(images, lower), torch.le(images, upper))
    return torch.all(torch.flatten(both, 1), 1)

  # the shift by which each row comes into a ball of length epsilon, where pixel i moves by the
  # shift, but at least by least[i] and at most by most[i], its length. The sum of moves is an
  # increasing, piecewise linear function of the shift: Newton's method inside a bracket takes far
  # fewer passes over the memory than sorting, and its last step is in double precision;
  # least and most [N,D], epsilon [] of float64 -> [N,1], 0 where the least moves are enough
  def shift(self: __torch__.Ball, least: Tensor, most: Tensor, epsilon: Tensor) -> Tensor:
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
      if not ops.prim.is_cuda(shift):
        if bool(torch.all(torch.eq(following, shift))):
          break
      shift = following
    moves = torch.clamp(shift, least, most)
    slope = torch.sum(torch.eq(moves, shift), [1], True)
    moved = torch.sum(moves, [1], True, dtype=7)
    last = torch.to(shift, 7) + (excess - moved) / torch.clamp_min(slope, 1)
    exact = torch.clamp_min(torch.to(last, 6), 0)
    return torch.where(torch.gt(slope, 0), exact, shift)
