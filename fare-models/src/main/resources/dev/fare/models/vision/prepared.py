# Weights in the form that a forward pass reads, kept until the weights they were made of change.

# whether a gradient of the weights is being recorded
def is_trained(params: List[Tensor]) -> bool:
  trained = False
  if torch.is_grad_enabled():
    for p in params:
      trained = trained or ops.prim.requires_grad(p)
  return trained

# whether what is computed of x is being recorded
def is_recorded(params: List[Tensor], x: Tensor) -> bool:
  recorded = torch.is_grad_enabled() and ops.prim.requires_grad(x)
  return recorded or __torch__.prepared.is_trained(params)

# grows with every update in place
def version(params: List[Tensor]) -> int:
  total = 0
  for p in params:
    total = total + ops.aten._version(p)
  return total

# what was made, without the history of its making
def keep(made: List[Tensor]) -> List[Tensor]:
  kept = annotate(List[Tensor], [])
  for t in made:
    if torch.is_leaf(t):
      kept.append(t)
    else:
      kept.append(torch.detach(t))
  return kept

# writes what was made anew over what was made before; weights that are used as they are stay
def refresh(kept: List[Tensor], fresh: List[Tensor]) -> int:
  for i in range(len(kept)):
    if not torch.is_set_to(kept[i], fresh[i]):
      torch.copy_(kept[i], fresh[i])
  return len(kept)
