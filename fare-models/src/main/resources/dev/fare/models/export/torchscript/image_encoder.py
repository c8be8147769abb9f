# A vision tower alone; pixel_values are normalised by mean and standard deviation.
class ImageEncoder(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  vision : __torch__.VISION_CLASS

  # [N, 3, H, W] -> [N, D]
  def get_image_features(self: __torch__.ImageEncoder, pixel_values: Tensor) -> Tensor:
    return (self.vision).embed(pixel_values)

  def forward(self: __torch__.ImageEncoder, pixel_values: Tensor) -> Tensor:
    return (self.vision).embed(pixel_values)
