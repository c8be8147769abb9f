package dev.fare.examples.recipes;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.fare.examples.llava.EmojiTalk;
import dev.fare.torch.Autograd;
import dev.fare.torch.GradMode;
import dev.fare.torch.TensorScope;
import dev.fare.training.optimizer.Optimizer;
import dev.fare.training.optimizer.UpdateRule;
import dev.fare.vlm.PromptBatch;
import dev.fare.vlm.llava.LlavaModel;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Teaches a LLaVA's projector and language model to answer; its vision tower stays as it is. */
final class CaptionTrainer implements AutoCloseable {

  private static final double WEIGHT_DECAY = 0.05;

  /** What a sentence without a picture answers. */
  private static final String SAY_SOMETHING = "Say something.";

  /**
   * What one update learns from.
   *
   * @param tokens {@code [N,T,C]} of the vision tower; the caller stays their owner
   * @param exchanges one about each picture
   * @param sentences without a picture
   */
  record Lesson(NDArray tokens, List<EmojiTalk.Exchange> exchanges, List<String> sentences) {}

  private final LlavaModel llava;
  private final NDManager manager;
  private final List<NDArray> weights = new ArrayList<>();
  private final int decayedCount;
  private final UpdateRule matrices;
  private final UpdateRule vectors;

  CaptionTrainer(LlavaModel llava) {
    this.llava = llava;
    manager = NDManager.newBaseManager(llava.visionEncoder().device(), "PyTorch");
    Map<String, NDArray> decayed = new LinkedHashMap<>();
    Map<String, NDArray> undecayed = new LinkedHashMap<>();
    Map<String, NDArray> all = new LinkedHashMap<>(llava.projectorParameters());
    all.putAll(llava.languageModel().parameters(manager));
    all.forEach(
        (name, weight) -> {
          weight.setRequiresGradient(true);
          (weight.getShape().dimension() < 2 ? undecayed : decayed).put(name, weight);
        });
    weights.addAll(decayed.values());
    weights.addAll(undecayed.values());
    decayedCount = decayed.size();
    matrices = Optimizer.adamW().on(decayed, WEIGHT_DECAY);
    vectors = Optimizer.adamW().on(undecayed, 0);
  }

  /** One update; the mean over pictures and sentences of the mean cross-entropy of their tokens. */
  float step(Lesson lesson, double learningRate) {
    List<String> prompts = new ArrayList<>();
    List<String> answers = new ArrayList<>();
    for (EmojiTalk.Exchange exchange : lesson.exchanges()) {
      prompts.add(llava.template().withImage(exchange.question()));
      answers.add(exchange.answer());
    }
    for (String sentence : lesson.sentences()) {
      prompts.add(llava.template().of(SAY_SOMETHING));
      answers.add(sentence);
    }
    PromptBatch batch = llava.batch(prompts, answers);
    try (TensorScope scope = TensorScope.of(manager);
        GradMode on = GradMode.enableGrad()) {
      NDArray embeddings = llava.embed(batch, llava.project(scope.view(lesson.tokens())));
      NDArray mask = batch.mask(scope.manager());
      NDArray labels = batch.labels(scope.manager());
      NDArray rows = llava.languageModel().teacherForced(embeddings, mask, labels);
      NDArray loss = rows.get(":, 0").mean();
      NDList gradients = Autograd.gradients(loss, weights);
      matrices.step(gradients.subList(0, decayedCount), learningRate);
      vectors.step(gradients.subList(decayedCount, gradients.size()), learningRate);
      return loss.getFloat();
    }
  }

  @Override
  public void close() {
    matrices.close();
    vectors.close();
    weights.forEach(weight -> weight.setRequiresGradient(false));
    manager.close();
  }
}
