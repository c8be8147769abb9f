package dev.fare.vlm.llava;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.modality.cv.Image;
import ai.djl.modality.cv.ImageFactory;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.image.PixelNormalization;
import dev.fare.models.ClipInitialization;
import dev.fare.models.RobustClipEncoder;
import dev.fare.models.format.ClipConfig;
import dev.fare.models.format.huggingface.HuggingFaceWriter;
import dev.fare.models.transformer.Activation;
import dev.fare.models.vision.VitConfig;
import dev.fare.torch.Autograd;
import dev.fare.torch.GradMode;
import dev.fare.torch.Host;
import dev.fare.torch.TensorScope;
import dev.fare.vlm.PromptBatch;
import dev.fare.vlm.RecordedTensors;
import dev.fare.vlm.TextListener;
import dev.fare.vlm.VlmObjective;
import dev.fare.vlm.language.GenerationOptions;
import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Texts in, texts out: the recorded tiny LLaVA with a vocabulary of w0 to w98. */
class LlavaAnswersTest {

  /** As many tokens as recorded; none of them ends a text. */
  private static final GenerationOptions RECORDED = GenerationOptions.greedy(8);

  private static final String PROMPT = "w17 w42 <image> w5 w88 w3";
  private static final String ANSWER = "w37 w11 w73 w52 w73 w52 w74 w93";

  @TempDir private Path folder;
  private NDManager manager;
  private RecordedTensors recorded;
  private LlavaModel llava;

  @BeforeEach
  void load() throws Exception {
    manager = NDManager.newBaseManager("PyTorch");
    recorded = RecordedTensors.read("llava_kv2/io.safetensors", manager);
    Path tokenizer = folder.resolve("tokenizer.json");
    Files.writeString(tokenizer, tokenizer());
    llava =
        LlavaModel.builder(RecordedTensors.path("llava_kv2"))
            .tokenizer(tokenizer)
            .template(PromptTemplate.PLAIN)
            .load();
  }

  @AfterEach
  void close() {
    llava.close();
    manager.close();
  }

  /** Whole words; 1 stands before every text, 96 is the image. */
  private static String tokenizer() {
    String words =
        IntStream.range(0, 99)
            .filter(id -> id != 1 && id != 96)
            .mapToObj(id -> "\"w" + id + "\": " + id)
            .collect(Collectors.joining(", "));
    return """
        {"version": "1.0",
         "added_tokens": [
           {"id": 1, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": false, "special": true},
           {"id": 96, "content": "<image>", "single_word": false, "lstrip": false,
            "rstrip": false, "normalized": false, "special": true}],
         "pre_tokenizer": {"type": "WhitespaceSplit"},
         "post_processor": {"type": "TemplateProcessing",
           "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}},
                      {"Sequence": {"id": "A", "type_id": 0}}],
           "pair": [{"Sequence": {"id": "A", "type_id": 0}},
                    {"Sequence": {"id": "B", "type_id": 0}}],
           "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}},
         "model": {"type": "WordLevel", "unk_token": "w0",
           "vocab": {"<s>": 1, "<image>": 96, %s}}}
        """
        .formatted(words);
  }

  private List<String> generate(
      NDArray pixels, List<String> prompts, GenerationOptions options, TextListener listener) {
    return llava.generate(pixels, prompts, options, listener);
  }

  @Test
  void answersAndStreamsWhatTransformersWrites() throws Exception {
    List<String> pieces = new ArrayList<>();
    NDArray pixels = recorded.tensor("x01").get("0:1");

    List<String> answers =
        generate(pixels, List.of(PROMPT), RECORDED, (row, piece) -> pieces.add(piece));

    assertThat(answers).containsExactly(ANSWER);
    assertThat(pieces).hasSize(8);
    assertThat(String.join("", pieces)).isEqualTo(ANSWER);
  }

  @Test
  void aBatchIsItsRows() throws Exception {
    NDArray pixels = recorded.tensor("x01");
    List<String> prompts = List.of(PROMPT, "<image> w9 w9 w60");

    List<String> together = generate(pixels, prompts, RECORDED, TextListener.NONE);

    assertThat(together).containsExactly(ANSWER, "w28 w63 w0 w49 w97 w28 w16 w61");
  }

  @Test
  void aStopTextEndsAnAnswerAndIsNeverHeard() throws Exception {
    GenerationOptions options = GenerationOptions.builder(8).stops("w52 w73", "w99").build();
    StringBuilder heard = new StringBuilder();
    NDArray pixels = recorded.tensor("x01").get("0:1");

    List<String> answers =
        generate(pixels, List.of(PROMPT), options, (row, piece) -> heard.append(piece));

    assertThat(answers).containsExactly("w37 w11 w73");
    assertThat(heard.toString()).isEqualTo("w37 w11 w73 ");
  }

  @Test
  void aPictureOfAnySizeIsAsked() {
    Image picture =
        ImageFactory.getInstance().fromImage(new BufferedImage(50, 30, BufferedImage.TYPE_INT_RGB));
    String answer = llava.answer(picture, "w5", RECORDED, TextListener.NONE);
    NDArray black = manager.zeros(new Shape(1, 3, 32, 32));
    assertThat(answer)
        .isEqualTo(generate(black, List.of("<image> w5"), RECORDED, TextListener.NONE).get(0));
    assertThat(llava.answer("w5 w6", RECORDED)).isNotEqualTo(answer).isNotEmpty();
  }

  @Test
  void promptsAndImagesMustFit() throws Exception {
    NDArray both = recorded.tensor("x01");
    assertThatThrownBy(() -> generate(both, List.of(PROMPT), RECORDED, TextListener.NONE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("places for 1 images, got 2");
    String tooLong = PROMPT + String.join("", Collections.nCopies(64, " w5"));
    assertThatThrownBy(
            () -> generate(both.get("0:1"), List.of(tooLong), RECORDED, TextListener.NONE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("made for 64 tokens");
  }

  @Test
  void theSwapIsOneLine() throws Exception {
    NDArray pixels = recorded.tensor("x01").get("0:1");
    try (RobustClipEncoder same =
            RobustClipEncoder.load(RecordedTensors.path("hf_clip_quick_gelu"));
        RobustClipEncoder finer =
            RobustClipEncoder.builder(RecordedTensors.path("hf_clip_quick_gelu"))
                .imageSize(48)
                .load()) {
      assertThat(
              llava
                  .withVisionEncoder(same)
                  .generate(pixels, List.of(PROMPT), RECORDED, TextListener.NONE))
          .containsExactly(ANSWER);
      LlavaModel other = llava.withVisionEncoder(finer);
      assertThat(other.tokensPerImage()).isEqualTo(36);
      NDArray larger = manager.ones(new Shape(1, 3, 48, 48)).mul(0.5);
      assertThat(other.generate(larger, List.of(PROMPT), RECORDED, TextListener.NONE)).hasSize(1);
      other.close(); // frees nothing that it borrowed
      assertThat(generate(pixels, List.of(PROMPT), RECORDED, TextListener.NONE))
          .containsExactly(ANSWER);
    }
  }

  @Test
  void anEncoderOfAnotherWidthIsRefused() throws Exception {
    ClipConfig narrow =
        new ClipConfig(
            new VitConfig(32, 8, 16, 2, 2, 32, 8, Activation.QUICK_GELU, 1e-5),
            Optional.empty(),
            PixelNormalization.CLIP);
    Path other = folder.resolve("other");
    HuggingFaceWriter.write(
        narrow, ClipInitialization.random(narrow, 1, manager), Optional.empty(), other);
    try (RobustClipEncoder encoder = RobustClipEncoder.load(other)) {
      assertThatThrownBy(() -> llava.withVisionEncoder(encoder))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("takes tokens of 32 values");
    }
  }

  @Test
  void successIsThatGreedyDecodingWritesTheTarget() throws Exception {
    NDArray pixels = recorded.tensor("x01");
    List<String> prompts = List.of(PROMPT, PROMPT);
    long[] written = llava.tokenizer().encodeFurther("w37 w11 w73");
    PromptBatch batch =
        PromptBatch.of(
            llava.encode(prompts),
            List.of(written, new long[] {37, 12}),
            llava.config().imageToken(),
            llava.config().padToken(),
            llava.tokensPerImage());
    VlmObjective objective = VlmObjective.towards(llava, batch);
    NDArray same = pixels.get("0:1").repeat(0, 2);
    NDArray outputs = objective.forward(same);
    assertThat(objective.succeeded(outputs).toBooleanArray()).containsExactly(true, false);
    NDArray second = manager.create(new long[] {1});
    VlmObjective narrowed = objective.select(second);
    assertThat(narrowed.losses(narrowed.forward(same.get("0:1"))).toFloatArray())
        .containsExactly(new float[] {objective.losses(outputs).getFloat(1)}, within(1e-5f));
  }

  /** Two texts of different lengths. */
  @Test
  void aStepOfAnAttackBringsThePromptsAndReadsNothing() throws Exception {
    VlmObjective objective =
        VlmObjective.towards(llava, List.of(PROMPT, "w5 <image> w2"), List.of("w3 w4", "w5 w6 w7"));
    int[] brought = new int[2];
    float[][] gradients = new float[2][];
    try (Host.Count count = Host.count();
        GradMode on = GradMode.enableGrad()) {
      for (int step = 0; step < 2; step++) {
        try (TensorScope scope = TensorScope.of(manager)) {
          NDArray pixels = Autograd.leaf(scope.view(recorded.tensor("x01").get("0:2")));
          NDArray outputs = objective.forward(pixels);
          assertThat(objective.succeeded(outputs).getShape()).isEqualTo(new Shape(2));
          NDArray loss = objective.losses(outputs).sum();
          gradients[step] = Autograd.gradient(loss, pixels).toFloatArray();
        }
        brought[step] = count.brought();
      }
      assertThat(brought).as("ids, mask, places, labels").containsExactly(4, 8);
      assertThat(count.read()).isZero();
    }
    assertThat(gradients[1]).isEqualTo(gradients[0]).isNotEqualTo(new float[gradients[0].length]);
  }

  @Test
  void noWeightGetsAGradientAndNothingIsLeftBehind() throws Exception {
    VlmObjective objective = VlmObjective.awayFrom(llava, List.of(PROMPT), List.of("w3 w4 w5 w6"));
    try (GradMode on = GradMode.enableGrad();
        NDManager step = manager.newSubManager()) {
      NDArray pixels = Autograd.leaf(recorded.tensor("x01").get("0:1"));
      pixels.attach(step);
      NDArray loss = objective.losses(objective.forward(pixels)).sum();
      NDArray gradient = Autograd.gradient(loss, pixels);
      assertThat(gradient.abs().max().getFloat()).isPositive();
    }
    List<NDArray> weights = new ArrayList<>(llava.projectorParameters().values());
    weights.addAll(llava.languageModel().parameters(manager).values());
    assertThat(weights).isNotEmpty().noneMatch(NDArray::hasGradient);
  }
}
