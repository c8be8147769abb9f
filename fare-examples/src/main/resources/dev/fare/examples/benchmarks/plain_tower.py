# CLIP's vision transformer in the original code's order of operations, each of our choices switchable.
#
# params: 0 mean  1 std  2 class_embedding  3 conv1.weight  4 positional_embedding
#   5 ln_pre.weight  6 ln_pre.bias, twelve for each block, then ln_post.weight, ln_post.bias, proj
class PlainTower(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  params : List[Tensor]
  patch : int
  layers : int
  heads : int
  epsilon : float
  linear_patches : bool
  explicit_attention : bool
  one_pass_gelu : bool
  class_token_only : bool

  def bind(self: __torch__.PlainTower, p: List[Tensor]) -> Tensor:
    self.params = p
    return p[0]

  def norm(self: __torch__.PlainTower, x: Tensor, i: int) -> Tensor:
    return torch.layer_norm(x, [x.size(-1)], self.params[i], self.params[i + 1], self.epsilon)

  # [N, T, C] -> [N, heads, T, C / heads]
  def split_heads(self: __torch__.PlainTower, x: Tensor) -> Tensor:
    return x.reshape([x.size(0), x.size(1), self.heads, -1]).transpose(1, 2)

  def attend(self: __torch__.PlainTower, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    a = (self).split_heads(q)
    b = (self).split_heads(k)
    c = (self).split_heads(v)
    if self.explicit_attention:
      scores = torch.matmul(a * (float(a.size(-1)) ** -0.5), b.transpose(-2, -1))
      mixed = torch.matmul(torch.softmax(scores, -1), c)
    else:
      mixed = torch.scaled_dot_product_attention(a, b, c, None, 0., False)
    return mixed.transpose(1, 2).reshape(q.size())

  def add_mlp(self: __torch__.PlainTower, x: Tensor, i: int) -> Tensor:
    w = self.params
    y = (self).norm(x, i + 6)
    if self.one_pass_gelu:
      rows = y.reshape([-1, y.size(-1)])
      inner = torch.addmm(w[i + 9], rows, w[i + 8].t(), beta=1.702, alpha=1.702)
      outer = torch.addmm(w[i + 11], torch.silu(inner), w[i + 10].t(), beta=1.702, alpha=1.)
      result = torch.add(x, outer.reshape(x.size()), alpha=1. / 1.702)
    else:
      inner = torch.linear(y, w[i + 8], w[i + 9])
      result = x + torch.linear(inner * torch.sigmoid(1.702 * inner), w[i + 10], w[i + 11])
    return result

  # with the queries of the first token or of all
  def block(self: __torch__.PlainTower, x: Tensor, i: int, is_first_only: bool) -> Tensor:
    w = self.params
    c = x.size(-1)
    y = (self).norm(x, i)
    if is_first_only:
      q = torch.linear(y[:, 0:1], w[i + 2][0:c], w[i + 3][0:c])
      k, v = torch.linear(y, w[i + 2][c:], w[i + 3][c:]).chunk(2, -1)
      x = x[:, 0:1]
    else:
      q, k, v = torch.linear(y, w[i + 2], w[i + 3]).chunk(3, -1)
    x = x + torch.linear((self).attend(q, k, v), w[i + 4], w[i + 5])
    return (self).add_mlp(x, i)

  def embed(self: __torch__.PlainTower, pixels: Tensor) -> Tensor:
    w = self.params
    p = self.patch
    n = pixels.size(0)
    x = (pixels - w[0]) / w[1]
    if self.linear_patches:
      h = pixels.size(2) // p
      x = x.reshape([n, 3, h, p, h, p]).permute([0, 2, 4, 1, 3, 5]).reshape([n, h * h, -1])
      x = torch.linear(x, w[3].flatten(1))
    else:
      x = torch.conv2d(x, w[3], None, [p, p]).flatten(2).transpose(1, 2)
    x = (self).norm(torch.cat([w[2].expand([n, 1, -1]), x], 1) + w[4], 5)
    last = self.layers - 1
    for i in range(last):
      x = (self).block(x, 7 + 12 * i, False)
    x = (self).block(x, 7 + 12 * last, self.class_token_only)
    end = 7 + 12 * self.layers
    return torch.matmul((self).norm(x[:, 0], end), w[end + 2])

  # torch.optim's AdamW as it runs on a CPU, weight by weight
  # numbers = (learning rate, weight decay), float64; tensors = weights, gradients, means, squares
  def adamw(self: __torch__.PlainTower, numbers: Tensor, updates: Tensor, tensors: List[Tensor]) -> Tensor:
    n = torch.floordiv(torch.len(tensors), 4)
    rate = float(numbers[0])
    count = float(torch.add_(updates, 1))
    for i in range(n):
      weight = tensors[i]
      gradient = tensors[n + i]
      mean = tensors[2 * n + i]
      square = tensors[3 * n + i]
      torch.mul_(weight, 1. - rate * float(numbers[1]))
      torch.lerp_(mean, gradient, 0.1)
      torch.addcmul_(torch.mul_(square, 0.999), gradient, gradient, value=0.001)
      root = torch.add_(torch.div(torch.sqrt(square), (1. - 0.999 ** count) ** 0.5), 1e-8)
      torch.addcdiv_(weight, mean, root, value=-rate / (1. - 0.9 ** count))
    return tensors[0]
