package dev.fare.vlm.flamingo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.fare.io.LazyTensor;
import dev.fare.io.ModelFormatException;
import dev.fare.io.SafetensorsFile;
import dev.fare.torch.Autograd;
import dev.fare.torch.GradMode;
import dev.fare.vlm.RecordedTensors;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Against OpenFlamingo's PerceiverResampler and GatedCrossAttentionBlock. */
class FlamingoTest {

  private static final float TOLERANCE = 2e-5f;
  private static final int HEAD_SIZE = 8;

  private NDManager manager;
  private RecordedTensors recorded;
  private Map<String, LazyTensor> weights;

  @BeforeEach
  void load() throws Exception {
    manager = NDManager.newBaseManager("PyTorch");
    recorded = RecordedTensors.read("flamingo/io.safetensors", manager);
    weights = SafetensorsFile.read(RecordedTensors.path("flamingo/model.safetensors")).tensors();
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"perceiver", "perceiver_time"})
  void resamplesTokensAndTheirGradient(String name) throws Exception {
    try (PerceiverResampler resampler =
            PerceiverResampler.read(weights, name + ".", HEAD_SIZE, manager.getDevice());
        GradMode on = GradMode.enableGrad()) {
      NDArray tokens = Autograd.leaf(recorded.tensor(name + ".x"));

      NDArray resampled = resampler.resample(tokens);

      assertThat(resampled.toFloatArray())
          .containsExactly(recorded.floats(name + ".out"), within(TOLERANCE));
      assertThat(Autograd.gradient(resampled.square().sum(), tokens).toFloatArray())
          .containsExactly(recorded.floats(name + ".grad.sum_sq_out.x"), within(TOLERANCE));
    }
  }

  @ParameterizedTest
  @CsvSource({"xattn_immediate, IMMEDIATE", "xattn_all_previous, ALL_PREVIOUS"})
  void wordsLookAtImages(String name, MediaAttention attention) throws Exception {
    try (GatedCrossAttention block =
            GatedCrossAttention.read(
                weights, name + ".", HEAD_SIZE, attention, manager.getDevice());
        GradMode on = GradMode.enableGrad()) {
      NDArray words = Autograd.leaf(recorded.tensor("xattn.x"));
      NDArray media = Autograd.leaf(recorded.tensor("xattn.media"));
      NDArray locations = recorded.tensor("xattn.media_locations");

      NDArray out = block.forward(words, media, locations);

      assertThat(out.toFloatArray())
          .containsExactly(recorded.floats(name + ".out"), within(TOLERANCE));
      assertThat(Autograd.gradient(out.square().sum(), words).toFloatArray())
          .containsExactly(recorded.floats(name + ".grad.sum_sq_out.x"), within(TOLERANCE));
      NDArray again = block.forward(words, media, locations);
      assertThat(Autograd.gradient(again.square().sum(), media).toFloatArray())
          .containsExactly(recorded.floats(name + ".grad.sum_sq_out.media"), within(TOLERANCE));
      assertThat(block.forward(words, media).toFloatArray())
          .containsExactly(recorded.floats(name + ".out_no_media_locations"), within(TOLERANCE));
      assertThat(block.goOn(words.get(":, -1:"), media, locations).toFloatArray())
          .containsExactly(
              recorded.floats(name + ".out_use_cached_media_last_token"), within(TOLERANCE));
    }
  }

  @Test
  void aFilmHasNoMoreFramesThanWereTrained() throws Exception {
    try (PerceiverResampler resampler =
        PerceiverResampler.read(weights, "perceiver_time.", HEAD_SIZE, manager.getDevice())) {
      NDArray tooLong = manager.zeros(new ai.djl.ndarray.types.Shape(1, 3, 3, 5, 32));
      assertThatThrownBy(() -> resampler.resample(tooLong))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("up to 2 frames");
    }
  }

  @Test
  void aMissingTensorIsNamed() {
    Map<String, LazyTensor> fewer = new LinkedHashMap<>(weights);
    fewer.remove("perceiver.layers.1.1.3.weight");
    assertThatThrownBy(() -> PerceiverResampler.read(fewer, "perceiver.", 8, manager.getDevice()))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining("perceiver.layers.1.1.3.weight");
    assertThatThrownBy(
            () ->
                GatedCrossAttention.read(
                    weights, "xattn_immediate.", 7, MediaAttention.IMMEDIATE, manager.getDevice()))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining("heads of 7");
  }
}
