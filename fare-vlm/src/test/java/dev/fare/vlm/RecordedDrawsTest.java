package dev.fare.vlm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.image.PixelNormalization;
import dev.fare.models.ClipInitialization;
import dev.fare.models.format.ClipConfig;
import dev.fare.models.text.TextConfig;
import dev.fare.models.transformer.Activation;
import dev.fare.models.vision.VitConfig;
import dev.fare.vlm.language.EndTokens;
import dev.fare.vlm.language.GenerationOptions;
import dev.fare.vlm.language.LlamaModel;
import dev.fare.vlm.language.TextGenerator;
import dev.fare.vlm.language.TokenListener;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Initial weights and sampled tokens as commit 9a83a24 drew them. */
class RecordedDrawsTest {

  private final NDManager manager = NDManager.newBaseManager("PyTorch");

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void drawsInitialWeights() {
    VitConfig vision = new VitConfig(8, 4, 4, 1, 1, 8, 4, Activation.QUICK_GELU, 1e-5);
    TextConfig text =
        new TextConfig(4, 10, 4, 1, 1, 8, 4, Activation.QUICK_GELU, 1e-5, OptionalInt.empty());
    Map<String, NDArray> weights =
        ClipInitialization.random(
            new ClipConfig(vision, Optional.of(text), PixelNormalization.CLIP), 3, manager);
    Map<String, float[]> recorded =
        Map.of(
            "visual.class_embedding", new float[] {-0.37976968f, 0.37891626f, 0.4026605f},
            "visual.conv1.weight", new float[] {-0.09919441f, -0.0049665943f, -0.038824003f},
            "visual.transformer.resblocks.0.attn.out_proj.weight",
                new float[] {-0.24250017f, -0.2243696f, 0.43015343f},
            "visual.proj", new float[] {-0.11823214f, -0.32895666f, 0.069957055f},
            "token_embedding.weight", new float[] {-0.0081892675f, -0.021313053f, 0.011110553f},
            "text_projection", new float[] {0.8552758f, 0.3347918f, -0.117892414f});

    recorded.forEach(
        (name, values) ->
            assertThat(
                    Arrays.copyOf(
                        Objects.requireNonNull(weights.get(name)).toFloatArray(), values.length))
                .as(name)
                .containsExactly(values, within(1e-6f)));
  }

  @Test
  void drawsTokens() throws Exception {
    try (LlamaModel llama = LlamaModel.load(RecordedTensors.path("llama_kv2"))) {
      NDArray ids = manager.create(new long[] {1, 5, 9, 20}, new Shape(1, 4)).repeat(0, 3);
      GenerationOptions options =
          GenerationOptions.builder(8).temperature(2).topP(0.9).seed(7).build();

      List<long[]> drawn =
          new TextGenerator(llama, new EndTokens(List.of(98)))
              .generate(llama.embed(ids), ids.onesLike(), options, TokenListener.NONE);

      assertThat(drawn)
          .containsExactly(
              new long[] {17, 20, 80, 36, 26, 74, 60, 56},
              new long[] {51, 37, 62, 10, 6, 50, 12, 25},
              new long[] {80, 15, 50, 97, 94, 70, 93, 66});
    }
  }
}
