class Autograd(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  # an empty list says that the loss does not depend on the input
  def gradient(self: __torch__.Autograd, loss: Tensor, input: Tensor) -> List[Tensor]:
    found = annotate(List[Tensor], [])
    if not ops.prim.requires_grad(loss):
      return found
    for g in torch.grad([loss], [input], None, None, False, True):
      if g is not None:
        found.append(g)
    return found

  def gradients(self: __torch__.Autograd, loss: Tensor, inputs: List[Tensor]) -> List[Tensor]:
    result = annotate(List[Tensor], [])
    if not ops.prim.requires_grad(loss):
      return result
    grads = torch.grad([loss], inputs, None, None, False, True)
    for i in range(len(inputs)):
      g = grads[i]
      if g is None:
        result.append(torch.zeros_like(inputs[i]))
      else:
        result.append(g)
    return result

  def is_recorded(self: __torch__.Autograd, x: Tensor) -> Tensor:
    return torch.tensor(ops.prim.requires_grad(x))
