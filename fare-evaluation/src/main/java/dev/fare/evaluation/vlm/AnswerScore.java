package dev.fare.evaluation.vlm;

/** Says how good an answer is: CIDEr, VQA accuracy or a measure of the host. */
@FunctionalInterface
public interface AnswerScore {

  /**
   * Scores an answer.
   *
   * @param id the sample's id
   * @param answer the model's text
   * @return the higher the better, from 0
   */
  double of(String id, String answer);
}
