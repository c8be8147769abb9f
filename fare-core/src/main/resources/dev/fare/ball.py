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
