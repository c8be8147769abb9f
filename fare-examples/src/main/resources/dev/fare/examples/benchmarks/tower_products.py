# The matrix products alone that a vision transformer's embeddings and their pixel gradient are made of,
# at their shapes, with the class token alone in the last block: no faster pass is possible.
#
# params: as in plain_tower.py
class TowerProducts(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  params : List[Tensor]
  patch : int
  layers : int
  heads : int
  half : bool

  def bind(self: __torch__.TowerProducts, p: List[Tensor]) -> Tensor:
    self.params = p
    if self.half:
      rounded = annotate(List[Tensor], [])
      for t in p:
        rounded.append(t.to(15))
      self.params = rounded
    return p[0]

  def operand(self: __torch__.TowerProducts, shape: List[int]) -> Tensor:
    like = self.params[0]
    return torch.ones(shape, dtype=ops.prim.dtype(like), layout=None, device=like.device)

  # x W^T and, for the gradient, y W; the sum keeps the compiler from dropping them
  def linear(self: __torch__.TowerProducts, x: Tensor, w: Tensor) -> Tensor:
    y = torch.mm(x, w.t())
    return torch.sum(torch.mm(y, w)[0, 0:8]) + torch.sum(y[0, 0:8])

  # a b and the gradients of both
  def both(self: __torch__.TowerProducts, a: Tensor, b: Tensor) -> Tensor:
    y = torch.bmm(a, b)
    da = torch.bmm(y, b.transpose(1, 2))
    db = torch.bmm(a.transpose(1, 2), y)
    return torch.sum(da[0, 0]) + torch.sum(db[0, 0])

  # scores and mixtures: [N * heads, T, C / heads] three times
  def attention(self: __torch__.TowerProducts, n: int, t: int, c: int) -> Tensor:
    q = (self).operand([n * self.heads, t, c // self.heads])
    scores = (self).operand([n * self.heads, t, t])
    return (self).both(q, q.transpose(1, 2)) + (self).both(scores, q)

  # the class token's attention to T tokens: [heads, N, ...] by head and [N, heads, ...] by image
  def attention_of_first(self: __torch__.TowerProducts, n: int, t: int, c: int, w: Tensor) -> Tensor:
    first = (self).operand([self.heads, n, c // self.heads])
    spread = (self).operand([n, self.heads, c])
    tokens = (self).operand([n, t, c])
    scores = (self).operand([n, self.heads, t])
    by_head = w[c:2 * c].reshape([self.heads, -1, c])
    y = torch.bmm(first, by_head)
    total = torch.sum(torch.bmm(y, by_head.transpose(1, 2))[0, 0])
    z = torch.bmm(spread.transpose(0, 1), by_head.transpose(1, 2))
    total = total + torch.sum(torch.bmm(z, by_head)[0, 0])
    return total + (self).both(spread, tokens.transpose(1, 2)) + (self).both(scores, tokens)

  def run(self: __torch__.TowerProducts, pixels: Tensor) -> Tensor:
    w = self.params
    p = self.patch
    n = pixels.size(0)
    patches = (pixels.size(2) // p) * (pixels.size(3) // p)
    t = patches + 1
    # the patch embedding is float32 in every precision
    kernel = w[3].flatten(1).to(6)
    c = kernel.size(0)
    flat = pixels[:, :, 0:pixels.size(2) // p * p, 0:pixels.size(3) // p * p].reshape([n * patches, -1])
    total = (self).linear(flat, kernel)
    x = (self).operand([n * t, c])
    inner = (self).operand([n * t, w[17].size(1)])
    for i in range(self.layers - 1):
      j = 7 + 12 * i
      total = total + (self).linear(x, w[j + 2]) + (self).linear(x, w[j + 4])
      total = total + (self).linear(x, w[j + 8]) + (self).linear(inner, w[j + 10])
      total = total + (self).attention(n, t, c)
    j = 7 + 12 * (self.layers - 1)
    one = (self).operand([n, c])
    total = total + (self).linear(one, w[j + 2][0:c]) + (self).linear(one, w[j + 4])
    total = total + (self).linear(one, w[j + 8]) + (self).linear((self).operand([n, inner.size(1)]), w[j + 10])
    total = total + (self).attention_of_first(n, t, c, w[j + 2])
    return total + (self).linear(one, w[j + 14].t())
