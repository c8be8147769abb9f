# A convolution whose stride is its kernel is one matrix product over flattened patches.

# [N, C, H, W] -> [N, H // p, W // p, C * p * p]; a remainder at the right and lower edge is not seen
def flatten(x: Tensor, p: int) -> Tensor:
  h = x.size(2) // p
  w = x.size(3) // p
  if h * p != x.size(2) or w * p != x.size(3):
    x = x[:, :, 0:h * p, 0:w * p]
  x = x.reshape([x.size(0), x.size(1), h, p, w, p]).permute([0, 2, 4, 1, 3, 5])
  return x.reshape([x.size(0), h, w, -1])

# the kernel [C, 3, p, p] and bias of (x - mean) / std, for pixels x as they are: [C, 3 * p * p] and [C]
def fold(kernel: Tensor, mean: Tensor, std: Tensor) -> Tuple[Tensor, Tensor]:
  scaled = kernel / std
  bias = torch.neg(torch.sum(scaled * mean, [1, 2, 3]))
  return (scaled.reshape([kernel.size(0), -1]), bias)
