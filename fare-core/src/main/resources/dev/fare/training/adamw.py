# AdamW (Loshchilov and Hutter, 2019) over all tensors at once; the decay is decoupled.
#
# bound: `count` weights, then their first moments, second moments and step counters
class AdamW(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  params : List[Tensor]
  count : int
  beta1 : float
  beta2 : float
  epsilon : float
  weight_decay : float

  def bind(self: __torch__.AdamW, p: List[Tensor]) -> Tensor:
    self.params = p
    return p[0]

  def step(self: __torch__.AdamW, learning_rate: Tensor, gradients: List[Tensor]) -> List[Tensor]:
    n = self.count
    p = self.params
    steps = p[3 * n:4 * n]
    # the kernel expects counters that already count this update
    torch._foreach_add_(steps, 1)
    ops.aten._fused_adamw_(p[0:n], gradients, p[n:2 * n], p[2 * n:3 * n], annotate(List[Tensor], []), steps, lr=float(learning_rate), beta1=self.beta1, beta2=self.beta2, weight_decay=self.weight_decay, eps=self.epsilon, amsgrad=False, maximize=False)
    return annotate(List[Tensor], [])
