package dev.fare.evaluation;

/**
 * How far an evaluation is.
 *
 * @param dataSet the data set's name
 * @param model the model's name
 * @param phase {@code clean}, or the attack and threat model, such as {@code PGD at l∞ 4/255}
 * @param done images of this phase that are finished
 * @param total images of this phase
 * @param correct how many of the finished ones are right, or still right; all of them where nothing
 *     is classified
 */
public record EvaluationProgress(
    String dataSet, String model, String phase, int done, int total, int correct) {}
