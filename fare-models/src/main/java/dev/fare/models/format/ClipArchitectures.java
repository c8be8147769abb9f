package dev.fare.models.format;

import dev.fare.image.PixelNormalization;
import dev.fare.models.text.TextConfig;
import dev.fare.models.transformer.Activation;
import dev.fare.models.vision.ConvNextConfig;
import dev.fare.models.vision.VisionConfig;
import dev.fare.models.vision.VitConfig;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The architectures that open_clip has names for: {@code ViT-B-32}, {@code ViT-L-14-336}, {@code
 * convnext_base_w} and so on, for weight files that bring no configuration.
 *
 * <p>A vision transformer has GELU, and QuickGELU where its name ends in {@code -quickgelu}.
 */
public final class ClipArchitectures {

  private static final String QUICK = "-quickgelu";
  private static final Map<String, ClipConfig> PLAIN = architectures();

  private ClipArchitectures() {}

  /**
   * The architecture of a name.
   *
   * @throws IllegalArgumentException if there is none of the name
   */
  public static ClipConfig named(String name) {
    boolean isQuick = name.endsWith(QUICK);
    ClipConfig config =
        PLAIN.get(isQuick ? name.substring(0, name.length() - QUICK.length()) : name);
    if (config == null || (isQuick && !(config.vision() instanceof VitConfig))) {
      throw new IllegalArgumentException(
          "architecture must be one of " + names() + ", got " + name);
    }
    return isQuick ? quick(config) : config;
  }

  /** All names. */
  public static Set<String> names() {
    Set<String> names = new TreeSet<>(PLAIN.keySet());
    PLAIN.forEach(
        (name, config) -> {
          if (config.vision() instanceof VitConfig) {
            names.add(name + QUICK);
          }
        });
    return names;
  }

  private static Map<String, ClipConfig> architectures() {
    Map<String, ClipConfig> all = new TreeMap<>();
    TextConfig small = text(512, 8, 12);
    TextConfig large = text(768, 12, 12);
    TextConfig huge = text(1024, 16, 24);
    TextConfig plus = text(640, 10, 12);
    all.put("ViT-B-32", clip(vit(224, 32, 768, 12, 12, 3072, 512), small));
    all.put("ViT-B-32-256", clip(vit(256, 32, 768, 12, 12, 3072, 512), small));
    all.put("ViT-B-32-plus-256", clip(vit(256, 32, 896, 12, 14, 3584, 640), plus));
    all.put("ViT-B-16", clip(vit(224, 16, 768, 12, 12, 3072, 512), small));
    all.put("ViT-B-16-plus-240", clip(vit(240, 16, 896, 12, 14, 3584, 640), plus));
    all.put("ViT-L-16", clip(vit(224, 16, 1024, 24, 16, 4096, 768), large));
    all.put("ViT-L-16-320", clip(vit(320, 16, 1024, 24, 16, 4096, 768), large));
    all.put("ViT-L-14", clip(vit(224, 14, 1024, 24, 16, 4096, 768), large));
    all.put("ViT-L-14-280", clip(vit(280, 14, 1024, 24, 16, 4096, 768), large));
    all.put("ViT-L-14-336", clip(vit(336, 14, 1024, 24, 16, 4096, 768), large));
    all.put("ViT-H-16", clip(vit(224, 16, 1280, 32, 16, 5120, 1024), huge));
    all.put("ViT-H-14", clip(vit(224, 14, 1280, 32, 16, 5120, 1024), huge));
    all.put("ViT-H-14-378", clip(vit(378, 14, 1280, 32, 16, 5120, 1024), huge));
    all.put("ViT-g-14", clip(vit(224, 14, 1408, 40, 16, 6144, 1024), huge));
    all.put("ViT-bigG-14", clip(vit(224, 14, 1664, 48, 16, 8192, 1280), text(1280, 20, 32)));
    all.put("convnext_base", clip(convNextBase(224, 512), small));
    all.put("convnext_base_w", clip(convNextBase(256, 640), plus));
    all.put("convnext_base_w_320", clip(convNextBase(320, 640), plus));
    return all;
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

  private static ClipConfig quick(ClipConfig config) {
    VitConfig v = (VitConfig) config.vision();
    return new ClipConfig(
        new VitConfig(
            v.imageSize(),
            v.patchSize(),
            v.width(),
            v.layers(),
            v.heads(),
            v.mlpWidth(),
            v.embeddingSize(),
            Activation.QUICK_GELU,
            v.layerNormEpsilon()),
        config.text().map(ClipArchitectures::quick),
        config.normalization());
  }

  private static TextConfig quick(TextConfig text) {
    return new TextConfig(
        text.contextLength(),
        text.vocabularySize(),
        text.width(),
        text.layers(),
        text.heads(),
        text.mlpWidth(),
        text.embeddingSize(),
        Activation.QUICK_GELU,
        text.layerNormEpsilon(),
        text.endToken());
  }
}
