class Weights(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  # numbers = (learning rate, beta1, beta2, weight decay, epsilon), float64 on the CPU
  # tensors = weights, gradients, means of gradients, means of squared gradients
  def fused_adamw(self: __torch__.Optimizers, numbers: Tensor, updates: Tensor, tensors: List[Tensor]) -> Tensor:
    n = torch.floordiv(torch.len(tensors), 4)
    weights = torch.slice(tensors, 0, n)
    gradients = torch.slice(tensors, n, 2 * n)
    means = torch.slice(tensors, 2 * n, 3 * n)
    squares = torch.slice(tensors, 3 * n, 4 * n)
    # the kernel divides by 1 - beta^updates: it wants the count of this update
    count = torch.add_(updates, 1)
    counts = annotate(List[Tensor], [])
    for i in range(n):
      counts.append(count)
    nothing = annotate(List[Tensor], [])
    ops.aten._fused_adamw_(weights, gradients, means, squares, nothing, counts,
      lr=float(numbers[0]), beta1=float(numbers[1]), beta2=float(numbers[2]),
      weight_decay=float(numbers[3]), eps=float(numbers[4]), amsgrad=False, maximize=False)
    # the kernel doesn't count as a write, for which those watch who keep something made of the weights
    for weight in weights:
      torch.zero_(torch.slice(torch.flatten(weight), 0, 0, 0))
    # not the count: the compiler drops a call whose written list nobody reads
    return weights[0]

  # the same weight by weight, for devices without the fused kernel
  def adamw(self: __torch__.Optimizers, numbers: Tensor, updates: Tensor, tensors: List[Tensor]) -> Tensor:
    n = torch.floordiv(torch.len(tensors), 4)
    rate = float(numbers[0])
    beta1 = float(numbers[1])
    beta2 = float(numbers[2])
    decay = float(numbers[3])
    epsilon = float(numbers[4])
    count = torch.add_(updates, 1)
    correction1 = 1.0 - beta1 ** float(count)
    correction2 = 1.0 - beta2 ** float(count)
    for i in range(n):
      weight = tensors[i]
      gradient = tensors[n + i]
      mean = tensors[2 * n + i]
      square = tensors[3 * n + i]
      torch.mul_(weight, 1.0 - rate * decay)
      torch.add_(torch.mul_(mean, beta1), gradient, alpha=1.0 - beta1)
      torch.addcmul_(torch.mul_(square, beta2), gradient, gradient, value=1.0 - beta2)
      root = torch.add(torch.div(torch.sqrt(square), correction2 ** 0.5), epsilon)
      torch.addcdiv_(weight, mean, root, value=-rate / correction1)
    return count

  # numbers = (learning rate, momentum, weight decay); tensors = weights, gradients, velocities
  def sgd(self: __torch__.Optimizers, numbers: Tensor, tensors: List[Tensor]) -> Tensor:
    n = torch.floordiv(torch.len(tensors), 3)
    rate = float(numbers[0])
    momentum = float(numbers[1])
    decay = float(numbers[2])
    for i in range(n):
      weight = tensors[i]
      velocity = tensors[2 * n + i]
      gradient = torch.add(tensors[n + i], weight, alpha=decay)
      torch.add_(torch.mul_(velocity, momentum), gradient)
      torch.add_(weight, velocity, alpha=-rate)
    return numbers

  # the length of all gradients taken together
  def norm(self: __torch__.Optimizers, tensors: List[Tensor]) -> Tensor:
    lengths = annotate(List[Tensor], [])
    for tensor in tensors:
      lengths.append(torch.linalg_vector_norm(tensor, 2))
    return torch.linalg_vector_norm(torch.stack(lengths), 2)

  # tensors = averages, weights; numbers = (decay)
  def average(self: __torch__.Optimizers, numbers: Tensor, tensors: List[Tensor]) -> Tensor:
    n = torch.floordiv(torch.len(tensors), 2)
    share = 1.0 - float(numbers[0])
    for i in range(n):
      torch.lerp_(tensors[i], tensors[n + i], share)
    return numbers

  # tensors = targets, sources
  def copy(self: __torch__.Optimizers, tensors: List[Tensor]) -> Tensor:
    n = torch.floordiv(torch.len(tensors), 2)
    for i in range(n):
      torch.copy_(tensors[i], tensors[n + i])
    return tensors[0]

  # tensors = these, others; each takes the other's values, with the room of one
  def swap(self: __torch__.Optimizers, tensors: List[Tensor]) -> Tensor:
    n = torch.floordiv(torch.len(tensors), 2)
    for i in range(n):
      before = torch.clone(tensors[i])
      torch.copy_(tensors[i], tensors[n + i])
      torch.copy_(tensors[n + i], before)
    return tensors[0]

  # numbers = (factor)
  def scale(self: __torch__.Optimizers, numbers: Tensor, tensors: List[Tensor]) -> Tensor:
    factor = float(numbers[0])
    for tensor in tensors:
      torch.mul_(tensor, factor)
    return numbers
