package dev.fare.evaluation.vlm;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import com.google.common.collect.HashMultiset;
import com.google.common.collect.Multisets;
import dev.fare.evaluation.answers.CaptionFiles.VqaQuestion;
import dev.fare.evaluation.answers.Cider;
import dev.fare.evaluation.answers.VqaAccuracy;
import dev.fare.vlm.llava.PromptTemplate;
import java.util.List;
import java.util.Map;

/**
 * What a vision-language model is asked about pictures, and how its answers are scored.
 *
 * @param samples one for each picture
 * @param score of a sample's answer
 * @param threshold a sample is finished when its score is below it, or 0
 * @param targets texts that the last attacks aim at; none for captions
 */
public record VlmTask(
    List<Sample> samples, AnswerScore score, double threshold, List<String> targets) {

  /** The paper's threshold for captions of COCO: 10, where CIDEr is printed times 100. */
  public static final double COCO_THRESHOLD = 0.1;

  /** The paper's threshold for captions of Flickr30k: 2, where CIDEr is printed times 100. */
  public static final double FLICKR30K_THRESHOLD = 0.02;

  private static final List<String> VQA_TARGETS = List.of("maybe", "Word");

  /**
   * A question about one picture.
   *
   * @param id the sample's name for the score
   * @param prompt the whole prompt, with one image
   * @param references people's texts, at least one
   */
  public record Sample(String id, String prompt, List<String> references) {

    /** Checks that there is a reference. */
    public Sample {
      requireNonNull(id, "id");
      requireNonNull(prompt, "prompt");
      references = List.copyOf(references);
      checkArgument(!references.isEmpty(), "sample %s must have a reference, got none", id);
    }
  }

  /** Checks the threshold and copies the lists. */
  public VlmTask {
    requireNonNull(score, "score");
    samples = List.copyOf(samples);
    targets = List.copyOf(targets);
    checkArgument(!samples.isEmpty(), "there must be samples, got none");
    checkArgument(threshold >= 0, "threshold must be at least 0, got %s", threshold);
  }

  /**
   * Captions, scored by CIDEr-D.
   *
   * @param references people's captions by picture, in the order of the pictures
   * @param prompt the same for every picture, as {@link PromptTemplate#withImage} makes it
   * @param threshold {@link #COCO_THRESHOLD} or {@link #FLICKR30K_THRESHOLD} in the paper
   */
  public static VlmTask captions(
      Map<String, List<String>> references, String prompt, double threshold) {
    List<Sample> samples =
        references.entrySet().stream()
            .map(entry -> new Sample(entry.getKey(), prompt, entry.getValue()))
            .toList();
    return new VlmTask(samples, new Cider(references)::score, threshold, List.of());
  }

  /**
   * Questions, scored by VQA accuracy; the last attacks aim at the paper's "maybe" and "Word".
   *
   * @param questions in the order of the pictures
   * @param people their answers by question
   * @throws IllegalArgumentException if nobody answered a question
   */
  public static VlmTask questions(
      List<VqaQuestion> questions, Map<String, List<String>> people, PromptTemplate template) {
    List<Sample> samples =
        questions.stream()
            .map(
                question ->
                    new Sample(
                        question.id(),
                        template.withImage(question.text()),
                        mostFrequentFirst(people.getOrDefault(question.id(), List.of()))))
            .toList();
    return new VlmTask(
        samples,
        (id, answer) -> VqaAccuracy.of(answer, requireNonNull(people.get(id))),
        0,
        VQA_TARGETS);
  }

  private static List<String> mostFrequentFirst(List<String> answers) {
    return List.copyOf(Multisets.copyHighestCountFirst(HashMultiset.create(answers)).elementSet());
  }

  @Override
  public String toString() {
    return "VlmTask[%d samples, threshold %s, targets %s]"
        .formatted(samples.size(), threshold, targets);
  }
}
