class Fab(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  # the smallest changes [M,D] that move points [M,D] onto hyperplanes without leaving [0,1];
  # weights [M,D], offsets [M]; norm is 0 for linf, 1 for l2, 2 for l1
  def change(self: __torch__.Fab, points: Tensor, weights: Tensor, offsets: Tensor, norm: Tensor) -> Tensor:
    kind = int(norm)
    gap = torch.sum(weights * points, [1]) - offsets
    side = torch.to(torch.ge(gap, 0), 6) * 2 - 1
    w = weights * torch.unsqueeze(side, 1)
    # [M,1], >= 0: w * z has to fall by this much
    to_go = torch.unsqueeze(gap * side, 1)
    slope = torch.abs(w)
    rising = torch.to(torch.gt(w, 0), 6)
    falling = torch.to(torch.lt(w, 0), 6)
    room = points * rising + (torch.neg(points) + 1) * falling
    used = torch.to(torch.gt(slope, 1e-8), 6)
    if kind == 0:
      length = (self).fill(room, torch.ones_like(slope), slope, room, to_go, )
    elif kind == 1:
      breaks = room / torch.clamp_min(slope, 1e-8) * used + (torch.neg(used) + 1) * 1e12
      length = (self).fill(breaks, slope * used, slope, room * used, to_go, )
    else:
      length = (self).greedy(slope, used, room, to_go, )
    return torch.neg(torch.sign(w)) * length

  # raises a level until the point has come far enough, where coordinate i moves by min(level * speed, room)
  # and breaks are the levels at which a coordinate's room is used up; [M,D], how far each moves
  def fill(self: __torch__.Fab, breaks: Tensor, speed: Tensor, slope: Tensor, room: Tensor, to_go: Tensor) -> Tensor:
    order = torch.argsort(breaks, 1, False)
    sorted = torch.gather(breaks, 1, order)
    # of a used up coordinate, and of one that moves
    gain = torch.gather(slope * room, 1, order)
    rate = torch.gather(slope * speed, 1, order)
    # by those used up before, and by those still moving
    gained = torch.cumsum(gain, 1) - gain
    rates = torch.flip(torch.cumsum(torch.flip(rate, [1]), 1), [1])
    reached = gained + sorted * rates
    # the first column that is not below, the last if all are
    below = torch.sum(torch.lt(reached, to_go), [1], True)
    segment = torch.clamp_max(below, torch.size(reached, 1) - 1)
    level = (to_go - torch.gather(gained, 1, segment)) / torch.clamp_min(torch.gather(rates, 1, segment), 1e-30)
    reachable = torch.to(torch.ge(torch.sum(gain, [1], True), to_go), 6)
    far = (torch.neg(reachable) + 1) * 1e12
    raised = torch.clamp(level, 0, 1e12) * reachable + far
    return torch.minimum(speed * raised, room)

  # uses up the coordinates with the largest slopes first
  def greedy(self: __torch__.Fab, slope: Tensor, used: Tensor, room: Tensor, to_go: Tensor) -> Tensor:
    order = torch.argsort(torch.neg(slope), 1, False)
    rank = torch.argsort(order, 1, False)
    gain = torch.gather(slope * room * used, 1, order)
    gained = torch.cumsum(gain, 1) - gain
    # when its turn comes
    left = torch.clamp_min(to_go - torch.gather(gained, 1, rank), 0)
    return torch.minimum(left / torch.clamp_min(slope, 1e-8), room) * used

  # the weighted mean of the steps from x and from clean [N,C,H,W], changes [2N,D] of lengths [2N];
  # numbers = (eta, the most weight of the step from clean)
  def mean(self: __torch__.Fab, x: Tensor, clean: Tensor, changes: Tensor, lengths: Tensor, numbers: Tensor) -> Tensor:
    n = torch.size(x, 0)
    eta = float(numbers[0])
    positive = torch.clamp_min(lengths, 1e-8)
    near = positive[:n]
    share = torch.clamp(near / (near + positive[n:]), 0, float(numbers[1]))
    bias = torch.reshape(share, [n, 1, 1, 1])
    here = torch.reshape(changes[:n], torch.size(x)) * eta + x
    there = torch.reshape(changes[n:], torch.size(x)) * eta + clean
    return torch.clamp(here * (torch.neg(bias) + 1) + there * bias, 0, 1)

  # infinite where nothing was found, which a number says
  def distances(self: __torch__.Fab, found: Tensor, none: Tensor) -> Tensor:
    return torch.masked_fill(found, torch.ge(found, float(none)), float("inf"))
