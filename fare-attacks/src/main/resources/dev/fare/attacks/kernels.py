class Kernels(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  # [N,...] -> the same with zeros for NaN and infinity, and the number of images that held one
  def finite(self: __torch__.Kernels, g: Tensor) -> List[Tensor]:
    sums = torch.sum(torch.flatten(g, 1), [1])
    bad = torch.sum(torch.logical_not(torch.isfinite(sums)))
    return [torch.nan_to_num(g, 0., 0., 0.), bad]

  # mask [N] of bool, a and b [N,...]
  def choose(self: __torch__.Kernels, mask: Tensor, a: Tensor, b: Tensor) -> Tensor:
    shape = [torch.size(mask, 0)]
    for i in range(torch.dim(a) - 1):
      shape.append(1)
    return torch.where(torch.reshape(mask, shape), a, b)
