package dev.fare.models.export;

/** What a model can be written as. */
public enum ModelFormat {
  /** A directory that Hugging Face's libraries load. */
  HUGGING_FACE,
  /** A directory that open_clip loads. */
  OPEN_CLIP,
  /** The vision tower alone as a {@code .pt} state dict, as robust encoders are published. */
  VISION_TORCH,
  /** The same as safetensors. */
  VISION_SAFETENSORS,
  /** A directory that DJL and DJL Serving load. */
  TORCHSCRIPT,
  /** A directory that transformers.js loads; ONNX Runtime loads the files in it. */
  ONNX,
  /** llama.cpp's {@code mmproj} of a LLaVA, made from an existing one. */
  GGUF
}
