# CLIP's resize and centre crop over images in [0,1], in Pillow's order but without rounding to bytes.
class AntialiasedResize(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  size : int

  # torchvision's offset of the centre crop: half the surplus, halves to the even number
  def offset(self: __torch__.AntialiasedResize, surplus: int) -> int:
    half = surplus // 2
    if surplus % 2 == 1 and half % 2 == 1:
      half = half + 1
    return half

  # [new, old]: what each new line has of the old ones
  def weights(self: __torch__.AntialiasedResize, old: int, new: int, like: Tensor) -> Tensor:
    lines = torch.eye(old, dtype=6, layout=None, device=like.device).reshape([1, 1, old, old])
    return torch._upsample_bicubic2d_aa(lines, [new, old], False, None, None).reshape([new, old])

  # along the width where `wide`. On a GPU as a product: the gradient of the resize itself sums in no fixed order
  def stretch(self: __torch__.AntialiasedResize, x: Tensor, new: int, wide: bool) -> Tensor:
    h = x.size(2)
    w = x.size(3)
    if x.is_cuda:
      if wide:
        y = torch.matmul(x, (self).weights(w, new, x).t())
      else:
        y = torch.matmul((self).weights(h, new, x), x)
    else:
      if wide:
        w = new
      else:
        h = new
      y = torch._upsample_bicubic2d_aa(x, [h, w], False, None, None)
    return torch.clamp(y, 0., 1.)

  # [N, 3, H, W] -> [N, 3, size, size]
  def resize(self: __torch__.AntialiasedResize, x: Tensor) -> Tensor:
    s = self.size
    h = x.size(2)
    w = x.size(3)
    if h < w:
      new_h = s
      new_w = s * w // h
    else:
      new_h = s * h // w
      new_w = s
    # Pillow clips what overshoots after each of its passes, the horizontal one first
    if new_w != w:
      x = (self).stretch(x, new_w, True)
    if new_h != h:
      x = (self).stretch(x, new_h, False)
    top = (self).offset(new_h - s)
    left = (self).offset(new_w - s)
    return x[:, :, top:top + s, left:left + s]
