package dev.fare.training;

import dev.fare.Precision;
import dev.fare.training.checkpoint.SettingText;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * What a run was asked to do, for its record; two runs with the same settings, data and original
 * make the same updates, on the same machine bit by bit.
 *
 * @param loss what is minimised
 * @param attack what makes the adversarial images, {@code none} without
 * @param innerObjective what the attack climbs
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
 * @param precision of the encoder's layers
 * @param imageSize the encoder's, in pixels
 * @param frozenNames {@code none}, or a SHA-256 of the names of the weights that are not trained
 * @param divergencePolicy what happens when the numbers go wrong
 * @param lossLimit a loss above it is wrong
 * @param validation how often what is measured, {@code none} without
 * @param earlyStop when that ends the run, {@code none} without
 */
public record TrainingSettings(
    String loss,
    String attack,
    String innerObjective,
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
    boolean activationCheckpointing,
    Precision precision,
    int imageSize,
    String frozenNames,
    DivergencePolicy divergencePolicy,
    double lossLimit,
    String validation,
    String earlyStop) {

  /** What these options ask for. */
  static TrainingSettings of(TrainerOptions<?> asked) {
    StepPlan plan = asked.plan();
    TrainableEncoder encoder = asked.encoder;
    int trained = plan.trainedWeights(encoder).size();
    int part = asked.microBatchSize;
    return new TrainingSettings(
        SettingText.of(asked.loss),
        SettingText.of(plan.attack()),
        plan.attack() == null ? SettingText.NONE : SettingText.of(plan.innerObjective()),
        asked.optimizer.toString(),
        SettingText.of(asked.schedule()),
        asked.learningRate,
        asked.weightDecay,
        asked.steps,
        asked.batchSize,
        part == 0 ? asked.batchSize : Math.min(part, asked.batchSize),
        asked.gradientClip,
        asked.averageDecay,
        asked.seed,
        trained,
        encoder.parameters().size() - trained,
        1 + asked.replicas.size(),
        asked.activationCheckpointing,
        encoder.precision(),
        encoder.imageSize(),
        plan.frozenNames(encoder),
        asked.divergencePolicy,
        asked.lossLimit,
        asked.validation == null
            ? SettingText.NONE
            : SettingText.of(asked.validation) + " every " + asked.validateEvery + " steps",
        SettingText.of(asked.earlyStop));
  }

  /** How a batch is divided changes the rounding of its sums and nothing else. */
  static final Set<String> DIVISION =
      Set.of("microBatchSize", "devices", "activationCheckpointing");

  /** What watches over the updates changes none that is made. */
  static final Set<String> WATCH =
      Set.of("divergencePolicy", "lossLimit", "validation", "earlyStop");

  /** Which weights are trained decides what a checkpoint holds. */
  static final Set<String> TRAINED = Set.of("trainedWeights", "frozenWeights", "frozenNames");

  /** Whether a run with those settings divides its batches as this one. */
  boolean dividesAs(Map<String, String> others) {
    Map<String, String> ours = asMap();
    return DIVISION.stream().allMatch(name -> Objects.equals(ours.get(name), others.get(name)));
  }

  /** The settings by name, in the order above. */
  public Map<String, String> asMap() {
    Map<String, String> map = new LinkedHashMap<>();
    map.put("loss", loss);
    map.put("attack", attack);
    map.put("attackGoal", innerObjective);
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
    map.put("precision", precision.toString());
    map.put("imageSize", Integer.toString(imageSize));
    map.put("frozenNames", frozenNames);
    map.put("divergencePolicy", divergencePolicy.toString());
    map.put("lossLimit", Double.toString(lossLimit));
    map.put("validation", validation);
    map.put("earlyStop", earlyStop);
    return map;
  }
}
