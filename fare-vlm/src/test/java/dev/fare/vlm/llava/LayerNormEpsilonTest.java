package dev.fare.vlm.llava;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.Cosine;
import dev.fare.io.LazyTensor;
import dev.fare.models.ClipCheckpoints;
import dev.fare.models.RobustClipEncoder;
import dev.fare.models.TokenLayer;
import dev.fare.models.TowerLoader;
import dev.fare.models.format.ClipCheckpoint;
import dev.fare.models.text.TextTransformer;
import dev.fare.vlm.RecordedTensors;
import dev.fare.vlm.language.LanguageCheckpoint;
import dev.fare.vlm.language.LlamaModel;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * Weights so small that a layer normalisation's epsilon shows: 1e-6 for 1e-5 would move the outputs
 * by 0.003 to 0.6.
 */
class LayerNormEpsilonTest {

  private static final double FACTOR = 0.0078125;
  private static final Pattern SMALL =
      Pattern.compile(
          "class_embedding|conv1|positional_embedding|token_embedding|ln_pre|out_proj|c_proj");

  @Test
  void isTransformersEverywhere() throws Exception {
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      RecordedTensors inputs = RecordedTensors.read("hf_clip_quick_gelu/io.safetensors", manager);
      RecordedTensors expected =
          RecordedTensors.read("hf_clip_quick_gelu/low_variance.safetensors", manager);
      ClipCheckpoint checkpoint =
          small(ClipCheckpoints.read(RecordedTensors.path("hf_clip_quick_gelu")));
      NDArray pixels = inputs.tensor("x01");
      try (RobustClipEncoder encoder = RobustClipEncoder.builder(checkpoint).load();
          TextTransformer text = TowerLoader.text(checkpoint, manager.getDevice())) {
        assertThat(Cosine.normalize(encoder.embed(pixels)).toFloatArray())
            .containsExactly(expected.floats("image_embeds"), within(1e-5f));
        assertThat(states(encoder, pixels, TokenLayer.layer(0)))
            .containsExactly(expected.floats("vision.hidden_states.0"), within(1e-6f));
        assertThat(states(encoder, pixels, TokenLayer.layer(-1)))
            .containsExactly(expected.floats("vision.last_hidden_state"), within(1e-6f));
        assertThat(Cosine.normalize(text.embed(inputs.ids("input_ids"))).toFloatArray())
            .containsExactly(expected.floats("text_embeds"), within(1e-5f));
      }
    }
  }

  @Test
  void isTransformersInLlamaToo() throws Exception {
    Pattern small = Pattern.compile("embed_tokens|o_proj|down_proj");
    LanguageCheckpoint whole = LanguageCheckpoint.read(RecordedTensors.path("llama_kv2"));
    Map<String, LazyTensor> tensors = new LinkedHashMap<>();
    whole
        .tensors()
        .forEach(
            (name, tensor) ->
                tensors.put(name, small.matcher(name).find() ? new Scaled(tensor) : tensor));
    LanguageCheckpoint scaled =
        new LanguageCheckpoint(
            whole.config(), tensors, Optional.empty(), whole.endings(), "small weights");
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        LlamaModel llama = LlamaModel.builder(scaled).load()) {
      NDArray ids = RecordedTensors.read("llama_kv2/io.safetensors", manager).ids("input_ids");
      NDArray mask = ids.onesLike();

      assertThat(llama.logits(llama.embed(ids), mask).toFloatArray())
          .containsExactly(
              RecordedTensors.read("llama_kv2/low_variance.safetensors", manager).floats("logits"),
              within(2e-5f));
    }
  }

  private static float[] states(RobustClipEncoder encoder, NDArray pixels, TokenLayer layer) {
    return encoder.tokens(pixels, layer.withClassToken()).toFloatArray();
  }

  private static ClipCheckpoint small(ClipCheckpoint whole) {
    Map<String, LazyTensor> tensors = new LinkedHashMap<>();
    whole
        .tensors()
        .forEach(
            (name, tensor) ->
                tensors.put(name, SMALL.matcher(name).find() ? new Scaled(tensor) : tensor));
    return new ClipCheckpoint(whole.config(), tensors, Optional.empty(), "small weights");
  }

  private record Scaled(LazyTensor whole) implements LazyTensor {
    @Override
    public Shape shape() {
      return whole.shape();
    }

    @Override
    public NDArray read(NDManager manager) throws IOException {
      return whole.read(manager).muli(FACTOR);
    }
  }
}
