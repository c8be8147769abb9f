package dev.fare.models;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.fare.image.PixelNormalization;
import dev.fare.io.SafetensorsFile;
import dev.fare.models.format.ClipConfig;
import dev.fare.models.text.TextConfig;
import dev.fare.models.text.TextTransformer;
import dev.fare.models.transformer.Activation;
import dev.fare.models.vision.VisionTransformer;
import dev.fare.models.vision.VitConfig;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;

/** The tiny CLIP whose outputs were recorded. */
public final class TinyClip {

  public static final VitConfig VISION =
      new VitConfig(32, 8, 32, 2, 2, 128, 16, Activation.QUICK_GELU, 1e-5);
  static final TextConfig TEXT =
      new TextConfig(12, 64, 32, 2, 2, 128, 16, Activation.QUICK_GELU, 1e-5, OptionalInt.empty());
  public static final ClipConfig CONFIG =
      new ClipConfig(VISION, Optional.of(TEXT), PixelNormalization.CLIP);

  private TinyClip() {}

  static VisionTransformer vision() throws Exception {
    NDManager manager = NDManager.newBaseManager("PyTorch");
    return new VisionTransformer(
        VISION, PixelNormalization.CLIP, weights(VISION.tensors(), manager), manager);
  }

  static TextTransformer text() throws Exception {
    NDManager manager = NDManager.newBaseManager("PyTorch");
    LinkedHashMap<String, ?> names = TEXT.tensors();
    names.remove("logit_scale");
    return new TextTransformer(TEXT, weights(names, manager), manager);
  }

  public static Map<String, NDArray> weights(NDManager manager) throws Exception {
    return weights(CONFIG.tensors(), manager);
  }

  private static Map<String, NDArray> weights(Map<String, ?> names, NDManager manager)
      throws Exception {
    SafetensorsFile file = SafetensorsFile.read(RecordedVectors.path("clip_tiny.safetensors"));
    Map<String, NDArray> weights = new LinkedHashMap<>();
    for (String name : names.keySet()) {
      weights.put(name, Objects.requireNonNull(file.tensors().get(name)).read(manager));
    }
    return weights;
  }
}
