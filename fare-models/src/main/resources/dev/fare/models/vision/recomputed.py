# Activation checkpointing: of a pass only what stands between the parts of the network is kept, and the
# backward pass computes each part again. Part i reads the params from starts[i] to starts[i + 1].

# the params of a part
def own(params: List[Tensor], starts: List[int], part: int) -> List[Tensor]:
  return params[starts[part]:starts[part + 1]]

# whether a gradient of one of a part's params is asked for
def is_trained(own: List[Tensor]) -> bool:
  trained = False
  for p in own:
    trained = trained or ops.prim.requires_grad(p)
  return trained

# the first part that a gradient is asked of
def first_part(params: List[Tensor], starts: List[int], pixels: Tensor) -> Tensor:
  part = 0
  if not ops.prim.requires_grad(pixels):
    last = len(starts) - 2
    while part < last and not __torch__.recomputed.is_trained(__torch__.recomputed.own(params, starts, part)):
      part = part + 1
  return torch.tensor(part)

# The gradient of x, which a part was given, then those of its own params, from that of its result y; without
# elements where none is asked for.
def gradients(own: List[Tensor], x: Tensor, y: Tensor, g: Tensor) -> List[Tensor]:
  nothing = torch.empty([0], dtype=6, layout=None, device=x.device)
  found = annotate(List[Tensor], [])
  inputs = annotate(List[Tensor], [])
  places = annotate(List[int], [])
  candidates = [x]
  candidates.extend(own)
  for k in range(len(candidates)):
    found.append(nothing)
    if ops.prim.requires_grad(candidates[k]):
      inputs.append(candidates[k])
      places.append(k)
  if ops.prim.requires_grad(y) and len(inputs) > 0 and g.numel() > 0:
    seeds = annotate(List[Optional[Tensor]], [])
    seeds.append(g)
    grads = torch.grad([y], inputs, seeds, None, False, True)
    for k in range(len(places)):
      grad = grads[k]
      if grad is not None:
        found[places[k]] = grad
  return found

# x without its history, for a gradient if one is asked of it
def leaf(x: Tensor, wanted: bool) -> Tensor:
  y = torch.detach(x)
  if wanted:
    y = torch.requires_grad_(y)
  return y
