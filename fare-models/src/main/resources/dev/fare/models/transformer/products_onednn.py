# Linear layers as oneDNN computes them in one call, outside autograd, for float32 on a CPU.

# x W^T + bias for x [..., I]
def linear(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
  no_scalars = annotate(List[Optional[number]], [])
  return ops.mkldnn._linear_pointwise(x, weight, bias, "none", no_scalars, None)

# silu or gelu of x W^T + bias
def activated(x: Tensor, weight: Tensor, bias: Tensor, is_silu: bool) -> Tensor:
  no_scalars = annotate(List[Optional[number]], [])
  if is_silu:
    y = ops.mkldnn._linear_pointwise(x, weight, bias, "swish", no_scalars, None)
  else:
    y = ops.mkldnn._linear_pointwise(x, weight, bias, "gelu", no_scalars, "none")
  return y

# sum + x W^T + bias
def added(sum: Tensor, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
  return ops.mkldnn._linear_pointwise(x, sum, weight, bias, "add")
