class Host(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  # the elements of all arrays one after the other, as float64
  def join(self: __torch__.Host, arrays: List[Tensor]) -> Tensor:
    rows = annotate(List[Tensor], [])
    for array in arrays:
      rows.append(torch.to(torch.reshape(array, [-1]), 7))
    return torch.cat(rows)
