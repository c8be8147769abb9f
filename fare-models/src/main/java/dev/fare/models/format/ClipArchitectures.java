package dev.fare.models.format;

import dev.fare.image.PixelNormalization;
import dev.fare.models.text.TextConfig;
import dev.fare.models.transformer.Activation;
import dev.fare.models.vision.ConvNextConfig;
import dev.fare.models.vision.VisionConfig;
import dev.fare.models.vision.VitConfig;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;

/**
 * The architectures that open_clip has names for: {@code ViT-B-32}, {@code ViT-L-14-336}, {@code
 * convnext_base_w} and so on, for weight files that bring no configuration.
 *
 * <p>A vision transformer has GELU, and QuickGELU where its name ends in {@code -quickgelu}.
 */
public final class ClipArchitectures {

  private static final String QUICK = "-quickgelu";
  private static final Map<String, ClipConfig> ALL = architectures();

  private ClipArchitectures() {}

  /**
   * The architecture of a name.
   *
   * @throws IllegalArgumentException if there is none of the name
   */
  public static ClipConfig named(String name) {
    ClipConfig config = ALL.get(name);
    if (config == null) {
      throw new IllegalArgumentException(
          "architecture must be one of " + names() + ", got " + name);
    }
    return config;
  }

  /** All names. */
  public static Set<String> names() {
    return ALL.keySet();
  }

  private static Map<String, ClipConfig> architectures() {
    Map<String, ClipConfig> all = new TreeMap<>();
    TextConfig small = text(512, 8, 12);
    TextConfig large = text(768, 12, 12);
    TextConfig huge = text(1024, 16, 24);
    TextConfig plus = text(640, 10, 12);
    addVit(all, "ViT-B-32", vit(224, 32, 768, 12, 12, 3072, 512), small);
    addVit(all, "ViT-B-32-256", vit(256, 32, 768, 12, 12, 3072, 512), small);
    addVit(all, "ViT-B-32-plus-256", vit(256, 32, 896, 12, 14, 3584, 640), plus);
    addVit(all, "ViT-B-16", vit(224, 16, 768, 12, 12, 3072, 512), small);
    addVit(all, "ViT-B-16-plus-240", vit(240, 16, 896, 12, 14, 3584, 640), plus);
    addVit(all, "ViT-L-16", vit(224, 16, 1024, 24, 16, 4096, 768), large);
    addVit(all, "ViT-L-16-320", vit(320, 16, 1024, 24, 16, 4096, 768), large);
    addVit(all, "ViT-L-14", vit(224, 14, 1024, 24, 16, 4096, 768), large);
    addVit(all, "ViT-L-14-280", vit(280, 14, 1024, 24, 16, 4096, 768), large);
    addVit(all, "ViT-L-14-336", vit(336, 14, 1024, 24, 16, 4096, 768), large);
    addVit(all, "ViT-H-16", vit(224, 16, 1280, 32, 16, 5120, 1024), huge);
    addVit(all, "ViT-H-14", vit(224, 14, 1280, 32, 16, 5120, 1024), huge);
    addVit(all, "ViT-H-14-378", vit(378, 14, 1280, 32, 16, 5120, 1024), huge);
    addVit(all, "ViT-g-14", vit(224, 14, 1408, 40, 16, 6144, 1024), huge);
    addVit(all, "ViT-bigG-14", vit(224, 14, 1664, 48, 16, 8192, 1280), text(1280, 20, 32));
    all.put("convnext_base", clip(convNextBase(224, 512), small));
    all.put("convnext_base_w", clip(convNextBase(256, 640), plus));
    all.put("convnext_base_w_320", clip(convNextBase(320, 640), plus));
    return Collections.unmodifiableMap(all);
  }

  private static void addVit(
      Map<String, ClipConfig> all, String name, VitConfig vision, TextConfig text) {
    all.put(name, clip(vision, text));
    all.put(
        name + QUICK,
        clip(
            vision.withActivation(Activation.QUICK_GELU),
            text.withActivation(Activation.QUICK_GELU)));
  }

  private static ClipConfig clip(VisionConfig vision, TextConfig text) {
    return new ClipConfig(vision, Optional.of(text), PixelNormalization.CLIP);
  }

  private static VitConfig vit(
      int imageSize, int patchSize, int width, int layers, int heads, int mlpWidth, int size) {
    return new VitConfig(
        imageSize, patchSize, width, layers, heads, mlpWidth, size, Activation.GELU, 1e-5);
  }

  private static ConvNextConfig convNextBase(int imageSize, int size) {
    return new ConvNextConfig(
        imageSize, List.of(3, 3, 27, 3), List.of(128, 256, 512, 1024), size, 1e-6);
  }

  /** In all of these, embeddings are as long as a token of the text tower. */
  private static TextConfig text(int width, int heads, int layers) {
    return new TextConfig(
        77,
        49408,
        width,
        layers,
        heads,
        4 * width,
        width,
        Activation.GELU,
        1e-5,
        OptionalInt.empty());
  }
}
