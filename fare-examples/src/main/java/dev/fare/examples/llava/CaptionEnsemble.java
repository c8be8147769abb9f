package dev.fare.examples.llava;

import static com.google.common.base.Preconditions.checkArgument;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.fare.ThreatModel;
import dev.fare.attacks.ApgdAttack;
import dev.fare.vlm.TextListener;
import dev.fare.vlm.VlmObjective;
import dev.fare.vlm.language.GenerationOptions;
import dev.fare.vlm.llava.LlavaModel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleBiFunction;

/**
 * The paper's untargeted evaluation of a vision-language model (section 5.1): a list of attacks, of
 * which each picture keeps the answer of lowest score.
 *
 * <p>First the clean picture; then APGD in half precision away from each of the first five
 * references; then APGD in single precision away from the worst of them, starting where that one
 * ended; last, where they are wanted, APGD in single precision towards other words. A picture
 * leaves as soon as its score is below a threshold.
 *
 * <p>Papers use CIDEr with thresholds of 10 (COCO) and 2 (Flickr30k) hundredths, and VQA accuracy
 * with a threshold of 0 and the words "maybe" and "Word".
 */
final class CaptionEnsemble {

  /** So many references are attacked one by one. */
  private static final int REFERENCES = 5;

  /**
   * A picture with a question.
   *
   * @param id names it to the score
   * @param prompt the whole prompt
   * @param references what people say, at least one
   */
  record Sample(String id, String prompt, List<String> references) {}

  /**
   * What became of a picture.
   *
   * @param clean the score of the answer to the clean picture
   * @param worst the lowest score of all
   * @param answer the answer of that score
   * @param stage after which attack that was, 0 being none
   */
  record Outcome(double clean, double worst, String answer, int stage) {}

  private final LlavaModel half;
  private final LlavaModel single;
  private final ApgdAttack attack;
  private final ToDoubleBiFunction<String, String> score;
  private final double threshold;
  private final List<String> otherWords;
  private final GenerationOptions options;

  /**
   * An evaluation.
   *
   * @param half the model in half precision, for the attacks that search
   * @param single the same model in single precision
   * @param threat what the attacker may do
   * @param iterations of each attack; 100 in the paper
   * @param score of a sample's id and an answer, the higher the better
   * @param threshold a picture whose score is below it, or 0 if that is it, is done with
   * @param otherWords what is aimed at last; none for captions
   * @param options how answers are made
   */
  CaptionEnsemble(
      LlavaModel half,
      LlavaModel single,
      ThreatModel threat,
      int iterations,
      ToDoubleBiFunction<String, String> score,
      double threshold,
      List<String> otherWords,
      GenerationOptions options) {
    this.half = half;
    this.single = single;
    this.score = score;
    this.threshold = threshold;
    this.otherWords = List.copyOf(otherWords);
    this.options = options;
    attack = ApgdAttack.builder(threat).steps(iterations).build();
  }

  /** What is known about a picture on its way through the attacks. */
  private static final class Progress {
    double clean;
    double worst = Double.POSITIVE_INFINITY;
    String answer = "";
    int stage;
    int reference;
    NDArray image;

    Progress(NDArray image) {
      this.image = image;
    }

    boolean offer(double value, String text, int after, NDArray found) {
      if (value < worst) {
        worst = value;
        answer = text;
        stage = after;
        image = found;
        return true;
      }
      return false;
    }
  }

  /**
   * Attacks pictures.
   *
   * @param pixels {@code [N,3,S,S]}
   * @param samples one for each
   */
  List<Outcome> run(NDArray pixels, List<Sample> samples) {
    checkArgument(
        pixels.getShape().get(0) == samples.size(),
        "each picture needs a sample, got %s and %s",
        pixels.getShape().get(0),
        samples.size());
    try (NDManager manager = pixels.getManager().newSubManager()) {
      List<Progress> all = new ArrayList<>();
      for (int i = 0; i < samples.size(); i++) {
        NDArray image = pixels.get(i + ":" + (i + 1));
        image.attach(manager);
        all.add(new Progress(image));
      }
      judge(half, all, samples, left(all), images(all, left(all), manager), 0, -1);
      all.forEach(progress -> progress.clean = progress.worst);
      for (int reference = 0; reference < REFERENCES; reference++) {
        away(half, all, samples, pixels, manager, reference);
      }
      away(single, all, samples, pixels, manager, -1);
      for (int i = 0; i < otherWords.size(); i++) {
        towards(all, samples, pixels, manager, i);
      }
      return all.stream().map(p -> new Outcome(p.clean, p.worst, p.answer, p.stage)).toList();
    }
  }

  private List<Integer> left(List<Progress> all) {
    List<Integer> left = new ArrayList<>();
    for (int i = 0; i < all.size(); i++) {
      double worst = all.get(i).worst;
      if (!(worst < threshold || worst <= 0)) {
        left.add(i);
      }
    }
    return left;
  }

  /** Away from one reference, or for −1 from the worst so far, starting where that attack ended. */
  private void away(
      LlavaModel model,
      List<Progress> all,
      List<Sample> samples,
      NDArray pixels,
      NDManager manager,
      int reference) {
    List<Integer> left = left(all);
    boolean isWarm = reference < 0;
    if (!isWarm) {
      left.removeIf(i -> samples.get(i).references().size() <= reference);
    }
    if (left.isEmpty()) {
      return;
    }
    List<String> prompts = left.stream().map(i -> samples.get(i).prompt()).toList();
    List<String> texts =
        left.stream()
            .map(i -> samples.get(i).references().get(isWarm ? all.get(i).reference : reference))
            .toList();
    VlmObjective objective = VlmObjective.awayFrom(model, prompts, texts);
    NDArray clean = rows(pixels, left, manager);
    NDArray found =
        isWarm
            ? attack.perturb(objective, clean, images(all, left, manager)).highestLossImages()
            : attack.perturb(objective, clean).highestLossImages();
    int stage = isWarm ? REFERENCES + 1 : reference + 1;
    judge(model, all, samples, left, found, stage, reference);
  }

  private void towards(
      List<Progress> all, List<Sample> samples, NDArray pixels, NDManager manager, int word) {
    List<Integer> left = left(all);
    if (left.isEmpty()) {
      return;
    }
    List<String> prompts = left.stream().map(i -> samples.get(i).prompt()).toList();
    List<String> texts = left.stream().map(i -> otherWords.get(word)).toList();
    VlmObjective objective = VlmObjective.towards(single, prompts, texts);
    NDArray found = attack.perturb(objective, rows(pixels, left, manager)).highestLossImages();
    judge(single, all, samples, left, found, REFERENCES + 2 + word, -1);
  }

  /** Asks the model about what an attack found, and keeps what is worse than before. */
  private void judge(
      LlavaModel model,
      List<Progress> all,
      List<Sample> samples,
      List<Integer> left,
      NDArray images,
      int stage,
      int reference) {
    List<String> prompts = left.stream().map(i -> samples.get(i).prompt()).toList();
    List<String> answers = model.generate(images, prompts, options, TextListener.NONE);
    for (int row = 0; row < left.size(); row++) {
      int i = left.get(row);
      Progress progress = all.get(i);
      double value = score.applyAsDouble(samples.get(i).id(), answers.get(row));
      NDArray image = images.get(row + ":" + (row + 1));
      image.attach(progress.image.getManager());
      if (progress.offer(value, answers.get(row), stage, image) && reference >= 0) {
        progress.reference = reference;
      }
    }
  }

  private static NDArray rows(NDArray pixels, List<Integer> left, NDManager manager) {
    long[] indices = left.stream().mapToLong(Integer::longValue).toArray();
    NDArray rows = pixels.get(manager.create(indices));
    rows.attach(manager);
    return rows;
  }

  private static NDArray images(List<Progress> all, List<Integer> left, NDManager manager) {
    NDArray[] images = left.stream().map(i -> all.get(i).image).toArray(NDArray[]::new);
    NDArray together = NDArrays.concat(new NDList(Arrays.asList(images)), 0);
    together.attach(manager);
    return together;
  }
}
