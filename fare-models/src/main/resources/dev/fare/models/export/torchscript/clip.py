# A whole CLIP with the methods and outputs of Hugging Face's CLIPModel, for programs that have libtorch alone.
#
# pixel_values are normalised by mean and standard deviation, as there. An attention mask is taken and not
# needed: padding follows the end token, and no token sees a later one.
class Clip(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  logit_scale : Tensor
  vision : __torch__.VISION_CLASS
  text : __torch__.TextTransformer

  # [N, 3, H, W] -> [N, D]
  def get_image_features(self: __torch__.Clip, pixel_values: Tensor) -> Tensor:
    return (self.vision).embed(pixel_values)

  # [K, T] -> [K, D]
  def get_text_features(self: __torch__.Clip, input_ids: Tensor, attention_mask: Optional[Tensor]=None) -> Tensor:
    return (self.text).embed(input_ids)

  def unit(self: __torch__.Clip, x: Tensor) -> Tensor:
    return x / torch.sqrt(torch.sum(x * x, [-1], True))

  # the images come last as in Hugging Face's forward, or second
  def forward(self: __torch__.Clip, input_ids: Tensor, second: Tensor, third: Optional[Tensor]=None) -> Dict[str, Tensor]:
    pixel_values = second
    if second.dim() != 4:
      assert third is not None, "forward takes input_ids, attention_mask and pixel_values [N, 3, S, S]"
      pixel_values = third
    images = (self).unit((self).get_image_features(pixel_values))
    texts = (self).unit((self).get_text_features(input_ids))
    logits = torch.matmul(images, texts.t()) * torch.exp(self.logit_scale)
    return {"logits_per_image": logits, "logits_per_text": logits.t(), "text_embeds": texts, "image_embeds": images}
