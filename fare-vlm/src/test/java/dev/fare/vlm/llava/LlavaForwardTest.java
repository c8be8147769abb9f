package dev.fare.vlm.llava;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.torch.Autograd;
import dev.fare.torch.GradMode;
import dev.fare.vlm.PromptBatch;
import dev.fare.vlm.RecordedTensors;
import dev.fare.vlm.VlmObjective;
import dev.fare.vlm.language.EndTokens;
import dev.fare.vlm.language.GenerationOptions;
import dev.fare.vlm.language.TextGenerator;
import dev.fare.vlm.language.TokenListener;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Against transformers' LlavaForConditionalGeneration on seeded, tiny weights. */
class LlavaForwardTest {

  private static final float TOLERANCE = 2e-5f;
  private static final EndTokens NEVER = new EndTokens(List.of(98));

  private NDManager manager;
  private RecordedTensors recorded;
  private LlavaModel llava;

  @BeforeEach
  void load() throws Exception {
    manager = NDManager.newBaseManager("PyTorch");
    recorded = RecordedTensors.read("llava_kv2/io.safetensors", manager);
    llava = LlavaModel.builder(RecordedTensors.path("llava_kv2")).load();
  }

  @AfterEach
  void close() {
    llava.close();
    manager.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"A", "B", "C"})
  void readsPromptsAsTransformersDoes(String name) throws Exception {
    NDArray visual = llava.visualTokens(pixels(name));
    PromptBatch prompts = batch(rows(name + ".input_ids"));
    NDArray embeddings = llava.embed(prompts, visual);
    NDArray mask = prompts.mask(manager);

    assertThat(visual.toFloatArray())
        .containsExactly(recorded.floats(name + ".projected_patch_tokens"), within(TOLERANCE));
    for (int depth = 0; depth <= 2; depth++) {
      assertThat(llava.languageModel().hiddenStates(embeddings, mask).get(depth).toFloatArray())
          .containsExactly(recorded.floats(name + ".lm_hidden_states." + depth), within(TOLERANCE));
    }
    assertThat(llava.languageModel().logits(embeddings, mask).toFloatArray())
        .containsExactly(recorded.floats(name + ".prompt_logits"), within(TOLERANCE));
  }

  @ParameterizedTest
  @ValueSource(strings = {"A", "B", "C"})
  void theLossOfATextAndItsPixelGradientAreTransformers(String name) throws Exception {
    PromptBatch batch = withText(name);
    long[] labels = batch.labels(manager).toLongArray();
    long[] expected = recorded.ids(name + ".expanded_labels").toLongArray();
    int before = expected.length - labels.length;
    assertThat(labels).isEqualTo(Arrays.copyOfRange(expected, before, expected.length));
    assertThat(Arrays.copyOf(expected, before)).containsOnly(-100);
    try (GradMode on = GradMode.enableGrad()) {
      NDArray pixels = Autograd.leaf(pixels(name));

      NDArray loss = llava.teacherForced(pixels, batch).get("0, 0");

      assertThat(loss.getFloat()).isCloseTo(recorded.floats(name + ".loss")[0], within(TOLERANCE));
      assertThat(Autograd.gradient(loss, pixels).toFloatArray())
          .containsExactly(recorded.floats(name + ".grad.loss.x01"), within(1e-5f));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"A", "B"})
  void theObjectiveHasTheSameGradientWithTheMemoryOfOneLayer(String name) throws Exception {
    VlmObjective objective = VlmObjective.awayFrom(llava, withText(name));
    try (GradMode on = GradMode.enableGrad()) {
      NDArray pixels = Autograd.leaf(pixels(name));

      NDArray loss = objective.losses(objective.forward(pixels)).sum();

      assertThat(loss.getFloat()).isCloseTo(recorded.floats(name + ".loss")[0], within(TOLERANCE));
      assertThat(Autograd.gradient(loss, pixels).toFloatArray())
          .containsExactly(recorded.floats(name + ".grad.loss.x01"), within(1e-5f));
    }
  }

  @Test
  void ofSeveralImagesAllOrSomeAreAttacked() throws Exception {
    NDArray both = pixels("C"); // [2,3,32,32]
    VlmObjective objective = VlmObjective.towards(llava, withText("C"));
    float[] gradient = recorded.floats("C.grad.loss.x01");
    NDArray none = manager.create(new Shape(0, 3, 32, 32));
    NDArray stacked = both.transpose(1, 0, 2, 3).reshape(1, 3, 64, 32);
    try (GradMode on = GradMode.enableGrad()) {
      NDArray all = Autograd.leaf(stacked);
      VlmObjective open = objective.withContext(none, List.of(true, true));
      NDArray found = Autograd.gradient(open.losses(open.forward(all)).neg().sum(), all);
      assertThat(found.reshape(3, 2, 32, 32).transpose(1, 0, 2, 3).toFloatArray())
          .containsExactly(gradient, within(1e-5f));

      NDArray second = Autograd.leaf(both.get("1:2"));
      VlmObjective masked = objective.withContext(both.get("0:1"), List.of(false, true));
      NDArray outputs = masked.forward(second);
      assertThat(outputs.getFloat(0, 0)).isCloseTo(recorded.floats("C.loss")[0], within(TOLERANCE));
      assertThat(Autograd.gradient(masked.losses(outputs).neg().sum(), second).toFloatArray())
          .containsExactly(
              Arrays.copyOfRange(gradient, gradient.length / 2, gradient.length), within(1e-5f));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"A", "B", "C"})
  void writesGreedilyWhatTransformersWrites(String name) throws Exception {
    NDArray embeddings =
        llava.embed(batch(rows(name + ".input_ids")), llava.visualTokens(pixels(name)));
    assertThat(write(embeddings, batch(rows(name + ".input_ids")).mask(manager)))
        .isEqualTo(recorded.ids(name + ".greedy_new_tokens").toLongArray());
  }

  @Test
  void aShorterPromptOfABatchIsPaddedOnTheLeft() throws Exception {
    long[][] ids = rows("D.input_ids");
    long[] shorter = Arrays.copyOfRange(ids[1], 2, 7);
    PromptBatch prompts = batch(new long[][] {ids[0], shorter});
    NDArray embeddings = llava.embed(prompts, llava.visualTokens(recorded.tensor("x01")));
    NDArray mask = prompts.mask(manager);

    NDArray logits = llava.languageModel().logits(embeddings, mask);

    NDArray expected = recorded.tensor("D.logits");
    assertThat(prompts.ids(manager).get("1, 0:2").toLongArray()).containsExactly(95, 95);
    assertThat(logits.get("0").toFloatArray())
        .containsExactly(expected.get("0").toFloatArray(), within(TOLERANCE));
    assertThat(logits.get("1, 2:").toFloatArray())
        .containsExactly(expected.get("1, 2:").toFloatArray(), within(TOLERANCE));
    assertThat(write(embeddings, mask))
        .isEqualTo(recorded.ids("D.greedy_new_tokens").toLongArray());
  }

  @Test
  void readsTextAlone() throws Exception {
    PromptBatch prompts = batch(rows("E.input_ids"));
    NDArray embeddings = llava.embed(prompts, manager);
    assertThat(llava.languageModel().logits(embeddings, prompts.mask(manager)).toFloatArray())
        .containsExactly(recorded.floats("E.logits"), within(TOLERANCE));
  }

  private NDArray pixels(String name) throws Exception {
    NDArray images = recorded.tensor("x01");
    return switch (name) {
      case "A" -> images.get("0:1");
      case "B" -> images.get("1:2");
      default -> images;
    };
  }

  private PromptBatch batch(long[][] ids) {
    return PromptBatch.of(
        List.of(ids),
        llava.config().imageToken(),
        llava.config().padToken(),
        llava.tokensPerImage());
  }

  private PromptBatch withText(String name) throws Exception {
    long[] prompt = rows(name + ".input_ids")[0];
    long[] full = rows(name + ".full_ids")[0];
    long[] text = Arrays.copyOfRange(full, prompt.length, full.length);
    return PromptBatch.of(
        List.of(prompt),
        List.of(text),
        llava.config().imageToken(),
        llava.config().padToken(),
        llava.tokensPerImage());
  }

  private long[][] rows(String name) throws Exception {
    NDArray ids = recorded.ids(name);
    List<long[]> rows = new ArrayList<>();
    for (long i = 0; i < ids.getShape().get(0); i++) {
      rows.add(ids.get(i).toLongArray());
    }
    return rows.toArray(long[][]::new);
  }

  private long[] write(NDArray embeddings, NDArray mask) {
    return new TextGenerator(llava.languageModel(), NEVER)
        .generate(embeddings, mask, GenerationOptions.greedy(8), TokenListener.NONE).stream()
            .flatMapToLong(Arrays::stream)
            .toArray();
  }
}
