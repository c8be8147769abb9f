class PositionTable(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  # table [1 + gh * gw, C], size (gh, gw, h, w) -> [1 + h * w, C]
  def resize(self: __torch__.PositionTable, table: Tensor, size: Tensor) -> Tensor:
    grid = table[1:].reshape([1, int(size[0]), int(size[1]), -1]).permute([0, 3, 1, 2]).contiguous()
    # antialiasing also changes the filter (a = -0.5 for -0.75) where the table grows
    resized = torch._upsample_bicubic2d_aa(grid, [int(size[2]), int(size[3])], False)
    return torch.cat([table[0:1], resized.flatten(2).squeeze(0).t()], 0)
