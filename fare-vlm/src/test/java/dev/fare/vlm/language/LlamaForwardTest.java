package dev.fare.vlm.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import com.google.common.primitives.Longs;
import dev.fare.Precision;
import dev.fare.torch.Autograd;
import dev.fare.torch.GradMode;
import dev.fare.torch.Host;
import dev.fare.vlm.RecordedTensors;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Against transformers' LlamaForCausalLM with two key and value heads for four query heads. */
class LlamaForwardTest {

  private static final float TOLERANCE = 2e-5f;

  /** No token of the recorded texts, so that none ends early. */
  private static final EndTokens NEVER = new EndTokens(List.of(98));

  private NDManager manager;
  private RecordedTensors recorded;
  private LlamaModel llama;

  @BeforeEach
  void load() throws Exception {
    manager = NDManager.newBaseManager("PyTorch");
    recorded = RecordedTensors.read("llama_kv2/io.safetensors", manager);
    llama = LlamaModel.load(RecordedTensors.path("llama_kv2"));
  }

  @AfterEach
  void close() {
    llama.close();
    manager.close();
  }

  @Test
  void expectsTheTokensThatTransformersExpects() throws Exception {
    NDArray ids = recorded.ids("input_ids");

    NDList states = llama.hiddenStates(llama.embed(ids), ones(ids));

    for (int depth = 0; depth <= 2; depth++) {
      assertThat(states.get(depth).toFloatArray())
          .containsExactly(recorded.floats("out.hidden_states." + depth), within(TOLERANCE));
    }
    assertThat(llama.logits(llama.embed(ids), ones(ids)).toFloatArray())
        .containsExactly(recorded.floats("out.logits"), within(TOLERANCE));
  }

  @Test
  void theLossAndItsGradientAreTransformers() throws Exception {
    NDArray ids = recorded.ids("input_ids");
    NDArray labels = recorded.ids("labels");
    try (GradMode on = GradMode.enableGrad()) {
      NDArray embeddings = Autograd.leaf(llama.embed(ids));

      NDArray rows = llama.teacherForced(embeddings, ones(ids), labels);

      // transformers averages over all tokens of the batch, we over each row's
      NDArray counts = labels.get(":, 1:").gte(0).toType(DataType.FLOAT32, false);
      NDArray perRow = counts.sum(new int[] {1});
      NDArray loss = rows.get(":, 0").mul(perRow).sum().div(perRow.sum());
      assertThat(loss.getFloat()).isCloseTo(recorded.floats("out.loss")[0], within(TOLERANCE));
      assertThat(Autograd.gradient(loss, embeddings).toFloatArray())
          .containsExactly(recorded.floats("grad.loss.inputs_embeds"), within(1e-5f));
    }
  }

  @Test
  void writesGreedilyWhatTransformersWrites() throws Exception {
    NDArray ids = recorded.ids("input_ids");
    assertThat(texts(ids, ones(ids), GenerationOptions.greedy(8)))
        .isEqualTo(recorded.ids("greedy_new_tokens").toLongArray());
  }

  @Test
  void aGreedyTokenIsReadOnceAndNotBroughtBack() throws Exception {
    NDArray ids = recorded.ids("input_ids");
    int[] read = new int[2];
    for (int i = 0; i < 2; i++) {
      try (Host.Count count = Host.count()) {
        texts(ids, ones(ids), GenerationOptions.greedy(2 + 3 * i));
        assertThat(count.brought()).isZero();
        read[i] = count.read();
      }
    }
    assertThat(read[1] - read[0]).isEqualTo(3);
  }

  @Test
  void paddingOnTheLeftChangesNothing() throws Exception {
    NDArray ids = recorded.ids("padded.input_ids");
    NDArray mask = recorded.ids("padded.attention_mask");
    assertThat(mask.toLongArray()).contains(0L);
    assertThat(texts(ids, mask, GenerationOptions.greedy(8)))
        .isEqualTo(recorded.ids("padded.greedy_new_tokens").toLongArray());
  }

  @Test
  void beamsThatHoldEverythingFindTheLikeliestText() throws Exception {
    NDArray ids = recorded.ids("input_ids").get("0:1");
    GenerationOptions options = GenerationOptions.builder(2).beams(99).lengthPenalty(0).build();

    long[] found = texts(ids, ones(ids), options);

    // all texts of two tokens, or of the end token alone, by brute force
    float[] first = next(ids).toFloatArray();
    double best = first[98];
    long[] likeliest = {};
    for (long token = 0; token < 98; token++) {
      NDArray longer = NDArrays.concat(new NDList(ids, manager.create(new long[][] {{token}})), 1);
      float[] second = next(longer).toFloatArray();
      for (int after = 0; after < 99; after++) {
        if (first[(int) token] + second[after] > best) {
          best = first[(int) token] + second[after];
          likeliest = after == 98 ? new long[] {token} : new long[] {token, after};
        }
      }
    }
    assertThat(found).isEqualTo(likeliest);
  }

  @Test
  void oneBeamAndManyAgreeWithABatch() throws Exception {
    NDArray ids = recorded.ids("input_ids");
    GenerationOptions options = GenerationOptions.builder(5).beams(4).build();
    long[] together = texts(ids, ones(ids), options);
    NDArray first = ids.get("0:1");
    NDArray second = ids.get("1:2");
    assertThat(together)
        .isEqualTo(
            Longs.concat(texts(first, ones(first), options), texts(second, ones(second), options)));
  }

  @Test
  void drawsAsTheModelSays() throws Exception {
    NDArray ids = recorded.ids("input_ids").get("0:1").repeat(0, 2000);
    GenerationOptions options = GenerationOptions.builder(1).temperature(2).seed(7).build();

    long[] drawn = texts(ids, ones(ids), options);

    double[] shares = new double[99];
    for (long token : drawn) {
      shares[(int) token] += 1.0 / 2000;
    }
    float[] logits =
        llama.logits(llama.embed(ids.get("0:1")), ones(ids.get("0:1"))).get("0, -1").toFloatArray();
    float[] expected = manager.create(logits).div(2).softmax(0).toFloatArray();
    for (int token = 0; token < 98; token++) {
      // five standard deviations of a share of 2,000
      double deviation = Math.sqrt(expected[token] * (1 - expected[token]) / 2000);
      assertThat(shares[token]).isCloseTo(expected[token], within(5 * deviation + 1e-9));
    }
    assertThat(texts(ids.get("0:3"), ones(ids.get("0:3")), options))
        .as("a row's draws do not depend on the batch")
        .isEqualTo(java.util.Arrays.copyOf(drawn, 3));
  }

  @Test
  void layersOneByOneAreTheWhole() throws Exception {
    NDArray ids = recorded.ids("input_ids");
    NDArray labels = recorded.ids("labels");
    NDArray states = llama.embed(ids);
    NDArray whole = llama.teacherForced(states, ones(ids), labels);
    for (int i = 0; i < 2; i++) {
      states = llama.layer(states, ones(ids), i);
    }
    assertThat(llama.judge(states, labels).toFloatArray()).isEqualTo(whole.toFloatArray());
  }

  @ParameterizedTest
  @CsvSource({"BFLOAT16, 0.15", "FLOAT16, 0.02"})
  void halfTheBitsAreNear(Precision precision, float tolerance) throws Exception {
    NDArray ids = recorded.ids("input_ids");
    try (LlamaModel half =
        LlamaModel.builder(LanguageCheckpoint.read(RecordedTensors.path("llama_kv2")))
            .precision(precision)
            .load()) {
      float[] logits = half.logits(half.embed(ids), ones(ids)).toFloatArray();
      float[] exact = recorded.floats("out.logits");
      assertThat(logits).isNotEqualTo(exact).containsExactly(exact, within(tolerance));
      List<long[]> texts =
          new TextGenerator(half, NEVER)
              .generate(
                  half.embed(ids), ones(ids), GenerationOptions.greedy(3), TokenListener.NONE);
      assertThat(texts.get(1))
          .isEqualTo(recorded.ids("greedy_new_tokens").get("1, 0:3").toLongArray());
    }
  }

  private NDArray next(NDArray ids) {
    return llama.logits(llama.embed(ids), ones(ids)).get("0, -1").logSoftmax(0);
  }

  private long[] texts(NDArray ids, NDArray mask, GenerationOptions options) {
    return new TextGenerator(llama, NEVER)
        .generate(llama.embed(ids), mask, options, TokenListener.NONE).stream()
            .flatMapToLong(java.util.Arrays::stream)
            .toArray();
  }

  private static NDArray ones(NDArray ids) {
    return ids.onesLike();
  }
}
