class StepRules(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  # for linf and l2: where the loss rose no oftener than a number, or the best stood still since a checkpoint
  # at which nothing was halved, [N] of bool; and the step sizes [N,1,1,1] after that
  def halve(self: __torch__.StepRules, sizes: Tensor, rises: Tensor, halved: Tensor, before: Tensor, best: Tensor, most: Tensor) -> List[Tensor]:
    oscillates = torch.le(rises, float(most))
    stuck = torch.logical_and(torch.logical_not(halved), torch.ge(before, best))
    halve = torch.logical_or(oscillates, stuck)
    return [halve, torch.where(torch.reshape(halve, torch.size(sizes)), sizes * 0.5, sizes)]

  # for l1: where the best perturbation became sparser by 5 %, and the step sizes after that
  def sparser(self: __torch__.StepRules, sizes: Tensor, now: Tensor, before: Tensor, initial: Tensor) -> List[Tensor]:
    largest = float(initial)
    sparser = torch.lt(now / before, 0.95)
    restarted = torch.full_like(sizes, largest)
    next = torch.where(torch.reshape(sparser, torch.size(sizes)), restarted, sizes / 1.5)
    return [sparser, torch.clamp(next, largest / 10., largest)]

  # which share of the coordinates to move, given how many the best perturbation has
  def shares(self: __torch__.StepRules, non_zeros: Tensor, coordinates: Tensor) -> Tensor:
    return non_zeros / float(coordinates) / 1.5
