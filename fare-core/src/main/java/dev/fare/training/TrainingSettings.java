package dev.fare.training;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a run was asked to do, for its record; two runs with the same settings, data and start make
 * the same updates.
 *
 * @param loss what is minimised
 * @param attack what makes the adversarial images, {@code none} without
 * @param attackGoal what the attack climbs
 * @param optimizer the optimizer and its constants
 * @param schedule how the learning rate changes
 * @param learningRate the peak
 * @param weightDecay of the optimizer
 * @param steps updates of the whole run
 * @param batchSize images of an update
 * @param microBatchSize images that are in memory together
 * @param gradientClip longest gradient, infinite without clipping
 * @param averageDecay of the exponential moving average of the weights, 0 without
 * @param seed of every random draw
 * @param trainedWeights how many weight tensors are trained
 * @param frozenWeights how many are not
 * @param devices that share each batch
 * @param activationCheckpointing whether activations are computed again in the backward pass
 */
public record TrainingSettings(
    String loss,
    String attack,
    String attackGoal,
    String optimizer,
    String schedule,
    double learningRate,
    double weightDecay,
    long steps,
    int batchSize,
    int microBatchSize,
    double gradientClip,
    double averageDecay,
    long seed,
    int trainedWeights,
    int frozenWeights,
    int devices,
    boolean activationCheckpointing) {

  /** The settings by name, in the order above. */
  public Map<String, String> asMap() {
    Map<String, String> map = new LinkedHashMap<>();
    map.put("loss", loss);
    map.put("attack", attack);
    map.put("attackGoal", attackGoal);
    map.put("optimizer", optimizer);
    map.put("schedule", schedule);
    map.put("learningRate", Double.toString(learningRate));
    map.put("weightDecay", Double.toString(weightDecay));
    map.put("steps", Long.toString(steps));
    map.put("batchSize", Integer.toString(batchSize));
    map.put("microBatchSize", Integer.toString(microBatchSize));
    map.put("gradientClip", Double.toString(gradientClip));
    map.put("averageDecay", Double.toString(averageDecay));
    map.put("seed", Long.toString(seed));
    map.put("trainedWeights", Integer.toString(trainedWeights));
    map.put("frozenWeights", Integer.toString(frozenWeights));
    map.put("devices", Integer.toString(devices));
    map.put("activationCheckpointing", Boolean.toString(activationCheckpointing));
    return map;
  }

  /** An object's own text where it has one, its class where the text is only an identity. */
  static String describe(Object value) {
    String text = value.toString();
    boolean identityOnly = text.matches(".*@[0-9a-f]+");
    return identityOnly ? value.getClass().getSimpleName().replaceAll("\\$.*", "") : text;
  }
}
