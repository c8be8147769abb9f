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
      x = torch.clamp(torch._upsample_bicubic2d_aa(x, [h, new_w], False, None, None), 0., 1.)
    if new_h != h:
      x = torch.clamp(torch._upsample_bicubic2d_aa(x, [new_h, new_w], False, None, None), 0., 1.)
    top = (self).offset(new_h - s)
    left = (self).offset(new_w - s)
    return x[:, :, top:top + s, left:left + s]
