# The functions of products_onednn.py where libtorch was built without oneDNN.

def linear(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
  return torch.linear(x, weight, bias)

def activated(x: Tensor, weight: Tensor, bias: Tensor, is_silu: bool) -> Tensor:
  y = torch.linear(x, weight, bias)
  if is_silu:
    y = torch.silu(y)
  else:
    y = torch.gelu(y)
  return y

def added(sum: Tensor, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
  return sum + torch.linear(x, weight, bias)
