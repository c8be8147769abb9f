class Kernels(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  # [N,...] -> the same with zeros for NaN and infinity, and the number of images that held one;
  # where the host computes, reading the number costs less than rewriting the gradient
  def finite(self: __torch__.Kernels, g: Tensor) -> List[Tensor]:
    sums = torch.sum(torch.flatten(g, 1), [1])
    bad = torch.sum(torch.logical_not(torch.isfinite(sums)))
    if not ops.prim.is_cuda(g):
      if int(bad) == 0:
        return [g, bad]
    return [torch.nan_to_num(g, 0., 0., 0.), bad]

  # x + sizes * direction, sizes [N,1,1,1]
  def ascend(self: __torch__.Kernels, x: Tensor, direction: Tensor, sizes: Tensor) -> Tensor:
    return torch.addcmul(x, direction, sizes)

  # x + a (z - x) + (1 - a) (x - previous)
  def momentum(self: __torch__.Kernels, x: Tensor, z: Tensor, previous: Tensor, a: Tensor) -> Tensor:
    return torch.addcmul_(torch.lerp(x, z, a), torch.sub(x, previous), 1 - a)

  # a x + y
  def blend(self: __torch__.Kernels, x: Tensor, y: Tensor, a: Tensor) -> Tensor:
    return torch.addcmul(y, x, a)

  # mask [N] of bool, a and b [N,...]
  def choose(self: __torch__.Kernels, mask: Tensor, a: Tensor, b: Tensor) -> Tensor:
    shape = [torch.size(mask, 0)]
    for i in range(torch.dim(a) - 1):
      shape.append(1)
    return torch.where(torch.reshape(mask, shape), a, b)

  # the value of each row that has a rank, 0 the smallest; [N,D], [N,1] -> [N,1]; where the host
  # computes, selecting one value costs far less than sorting all
  def ranked(self: __torch__.Kernels, rows: Tensor, rank: Tensor) -> Tensor:
    if ops.prim.is_cuda(rows):
      ascending, order = torch.sort(rows, 1)
      return torch.gather(ascending, 1, rank)
    found = annotate(List[Tensor], [])
    for i in range(torch.size(rows, 0)):
      value, at = torch.kthvalue(rows[i], int(rank[i, 0]) + 1)
      found.append(value)
    return torch.unsqueeze(torch.stack(found), 1)

  # for each image the class whose boundary is nearest to first order: one backward pass a class;
  # norm is 0 for linf, 1 for l2, 2 for l1, and the gradient is measured in the dual norm; nothing if
  # the logits were not computed from the images
  def nearest_boundary(self: __torch__.Kernels, logits: Tensor, labels: Tensor, images: Tensor, norm: Tensor) -> List[Tensor]:
    kind = int(torch.item(norm))
    if not ops.prim.requires_grad(logits):
      return annotate(List[Tensor], [])
    connected = False
    right = torch.gather(logits, 1, torch.unsqueeze(labels, 1))
    differences = logits - right
    best_distance = torch.full_like(torch.detach(differences[:, 0]), float("inf"))
    best_difference = torch.zeros_like(best_distance)
    best_gradient = torch.zeros_like(images)
    for k in range(torch.size(logits, 1)):
      difference = differences[:, k]
      found = torch.grad([torch.sum(difference)], [images], None, True, False, True)
      gradient = found[0]
      if gradient is not None:
        connected = True
        flat = torch.flatten(gradient, 1)
        if kind == 0:
          slope = torch.sum(torch.abs(flat), [1])
        elif kind == 1:
          slope = torch.sqrt(torch.sum(flat * flat, [1]))
        else:
          slope = torch.amax(torch.abs(flat), [1])
        distance = torch.abs(torch.detach(difference)) / (slope + 1e-12)
        nearer = torch.logical_and(torch.lt(distance, best_distance), torch.ne(labels, k))
        best_distance = torch.where(nearer, distance, best_distance)
        best_difference = torch.where(nearer, torch.detach(difference), best_difference)
        best_gradient = (self).choose(nearer, gradient, best_gradient, )
    if not connected:
      return annotate(List[Tensor], [])
    return [best_difference, best_gradient]
