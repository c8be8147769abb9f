class Gradients(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  # [N,...] -> the same with zeros for NaN and infinity, and the number of images that held one
  def finite(self: __torch__.Gradients, g: Tensor) -> List[Tensor]:
    sums = torch.sum(torch.flatten(g, 1), [1])
    bad = torch.sum(torch.logical_not(torch.isfinite(sums)))
    return [torch.nan_to_num(g, 0., 0., 0.), bad]
