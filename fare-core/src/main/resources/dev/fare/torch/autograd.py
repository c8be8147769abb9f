class Autograd(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  def scaled(self: __torch__.Autograd, x: Tensor, factor: Tensor) -> Tensor:
    return x * float(factor)

  def plus(self: __torch__.Autograd, x: Tensor, addend: Tensor) -> Tensor:
    return x + float(addend)

  def at_least(self: __torch__.Autograd, x: Tensor, least: Tensor) -> Tensor:
    return torch.clamp_min(x, float(least))

  def clip(self: __torch__.Autograd, x: Tensor, ends: Tensor) -> Tensor:
    return torch.clamp(x, float(ends[0]), float(ends[1]))

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

  # tensors = roots, as many seeds, wanted: the gradients of all roots times their seeds for each of
  # the wanted, without elements where nothing depends on it
  def pull_back(self: __torch__.Autograd, count: Tensor, tensors: List[Tensor]) -> List[Tensor]:
    n = int(count)
    roots = torch.slice(tensors, 0, n)
    seeds = annotate(List[Optional[Tensor]], [])
    for i in range(n):
      seeds.append(tensors[n + i])
    wanted = torch.slice(tensors, 2 * n)
    result = annotate(List[Tensor], [])
    grads = torch.grad(roots, wanted, seeds, True, False, True)
    for i in range(len(wanted)):
      g = grads[i]
      if g is None:
        result.append(torch.empty([0], dtype=6, layout=None, device=wanted[i].device))
      else:
        result.append(g)
    return result

  # one for each: whether it is a beginning of the graph, so that no gradient goes further
  def are_leaves(self: __torch__.Autograd, tensors: List[Tensor]) -> Tensor:
    leaves = annotate(List[bool], [])
    for t in tensors:
      leaves.append(torch.is_leaf(t))
    return torch.tensor(leaves)

  # tensors = sums, addends
  def accumulate(self: __torch__.Autograd, tensors: List[Tensor]) -> Tensor:
    n = torch.floordiv(torch.len(tensors), 2)
    for i in range(n):
      torch.add_(tensors[i], tensors[n + i])
    return tensors[0]

  def is_recorded(self: __torch__.Autograd, x: Tensor) -> Tensor:
    return torch.tensor(ops.prim.requires_grad(x))
