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
    share = (self).like(x, float(a), )
    return torch.addcmul_(torch.lerp(x, z, share), torch.sub(x, previous), 1 - share)

  # a x + y
  def blend(self: __torch__.Kernels, x: Tensor, y: Tensor, a: Tensor) -> Tensor:
    return torch.addcmul(y, x, (self).like(x, float(a), ))

  # a number where x is
  def like(self: __torch__.Kernels, x: Tensor, number: float) -> Tensor:
    return torch.full([], number, dtype=6, layout=None, device=ops.prim.device(x))

  def mean(self: __torch__.Kernels, sum: Tensor, count: Tensor) -> Tensor:
    return sum / float(count)

  # losses [N], minus infinity instead of NaN
  def rated(self: __torch__.Kernels, losses: Tensor) -> Tensor:
    return torch.masked_fill(losses, torch.isnan(losses), float("-inf"))

  # how many of g [N,...] are all zeros
  def zero_rows(self: __torch__.Kernels, g: Tensor) -> Tensor:
    return torch.sum(torch.eq(torch.sum(torch.abs(torch.flatten(g, 1)), [1]), 0))

  # mask [N] of bool, a and b [N,...]; where the host computes, it looks whether there is anything to choose
  def choose(self: __torch__.Kernels, mask: Tensor, a: Tensor, b: Tensor) -> Tensor:
    if not ops.prim.is_cuda(a):
      taken = int(torch.sum(mask))
      if taken == torch.size(mask, 0):
        return a
      if taken == 0:
        return b
    shape = [torch.size(mask, 0)]
    for i in range(torch.dim(a) - 1):
      shape.append(1)
    return torch.where(torch.reshape(mask, shape), a, b)

  # how many coordinates of each image differ, [N] of float32; numbers of ones and zeros pass faster than
  # truth values
  def differing(self: __torch__.Kernels, a: Tensor, b: Tensor) -> Tensor:
    if ops.prim.is_cuda(a):
      return torch.to(torch.sum(torch.flatten(torch.ne(a, b), 1), [1]), 6)
    counts = annotate(List[Tensor], [])
    for i in range(torch.size(a, 0)):
      counts.append(torch.sum(torch.sign_(torch.abs_(a[i] - b[i]))))
    return torch.stack(counts)

  # of one share of each image's coordinates the signs of the largest
  def largest_signs(self: __torch__.Kernels, g: Tensor, share: Tensor) -> Tensor:
    n = torch.size(g, 0)
    shares = torch.full([n], float(share), dtype=6, layout=None, device=ops.prim.device(g))
    return (self).sparse_signs(g, shares, )

  # the rank of the smallest coordinate that moves [N], 0 the smallest of all, where a share [N] moves
  def ranks(self: __torch__.Kernels, g: Tensor, shares: Tensor) -> Tensor:
    size = float(torch.floordiv(torch.numel(g), torch.size(g, 0)))
    return torch.to(torch.clamp((torch.neg(shares) + 1) * size, 0, size - 1), 4)

  # the signs of the coordinates of g [N,...] that are at least as large as the one of a rank, of l1 length
  # one. Where the host computes, image by image: what passes over one reads then stays in its cache
  def sparse_signs(self: __torch__.Kernels, g: Tensor, shares: Tensor) -> Tensor:
    rank = (self).ranks(g, shares, )
    if ops.prim.is_cuda(g):
      rows = torch.flatten(g, 1)
      magnitude = torch.abs(rows)
      ascending, order = torch.sort(magnitude, 1)
      least = torch.gather(ascending, 1, torch.unsqueeze(rank, 1))
      signs = torch.sign(rows) * torch.ge(magnitude, least)
      count = torch.sum(torch.abs(signs), [1], True) + 1e-10
      return torch.reshape(signs / count, torch.size(g))
    found = torch.empty_like(g)
    for i in range(torch.size(g, 0)):
      signs, count = (self).largest(g[i], int(rank[i]), )
      torch.div(signs, count + 1e-10, out=found[i])
    return found

  # x + sizes * the same, sizes [N,1,1,1]; rounded as the published code does
  def sparse_ascend(self: __torch__.Kernels, x: Tensor, g: Tensor, shares: Tensor, sizes: Tensor) -> Tensor:
    if ops.prim.is_cuda(g):
      return torch.addcmul(x, (self).sparse_signs(g, shares, ), sizes)
    rank = (self).ranks(g, shares, )
    found = torch.empty_like(x)
    for i in range(torch.size(g, 0)):
      signs, count = (self).largest(g[i], int(rank[i]), )
      torch.add(x[i], signs, alpha=float(sizes[i]) / (count + 1e-10), out=found[i])
    return found

  # of one image the signs where it is large enough, and how many there are
  def largest(self: __torch__.Kernels, g: Tensor, rank: int) -> Tuple[Tensor, float]:
    magnitude = torch.flatten(torch.abs(g))
    wanted = torch.numel(magnitude) - rank
    candidates = (self).candidates(magnitude, wanted, )
    below = torch.zeros([], dtype=6)
    if torch.numel(candidates) >= wanted:
      value, at = torch.kthvalue(candidates, torch.numel(candidates) - wanted + 1)
      below = torch.nextafter(value, below)
    count = float(torch.sum(torch.gt(candidates, below)))
    return (torch.sign_(torch.hardshrink(g, float(below))), count)

  # a few of the magnitudes, the largest for certain: selecting among all costs several times as much;
  # fewer than wanted only where the others are zero
  def candidates(self: __torch__.Kernels, magnitude: Tensor, wanted: int) -> Tensor:
    # a prime, since gradients of vision transformers have the period of their patches
    sample = magnitude[::61]
    share = float(wanted) * float(torch.numel(sample)) / float(torch.numel(magnitude))
    guess = int(share + 4. * torch.sqrt(share) + 4.)
    if torch.numel(magnitude) < 8192 or 2 * guess > torch.numel(sample):
      return magnitude
    low, at = torch.kthvalue(sample, torch.numel(sample) + 1 - guess)
    found = torch.masked_select(magnitude, torch.gt(magnitude, torch.nextafter(low, torch.zeros_like(low))))
    if float(low) > 0. and torch.numel(found) < wanted:
      return magnitude
    return found

  # for each image the class whose boundary is nearest to first order: one backward pass a class;
  # norm is 0 for linf, 1 for l2, 2 for l1, and the gradient is measured in the dual norm; nothing if
  # the logits were not computed from the images
  def nearest_boundary(self: __torch__.Kernels, logits: Tensor, labels: Tensor, images: Tensor, norm: Tensor) -> List[Tensor]:
    kind = int(norm)
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
