package dev.fare.evaluation.drift;

import static com.google.common.base.Preconditions.checkArgument;

import dev.fare.Attack;
import dev.fare.AttackOptions;
import dev.fare.ThreatModel;
import java.util.function.Function;

/**
 * An attack on embeddings, which needs no labels, with a name that readers recognise.
 *
 * @param name short and unique within an evaluation, such as {@code PGD}
 * @param settings what a reader needs to repeat it, such as {@code 50 steps, seed 0}
 * @param strategy what runs
 */
public record EncoderAttack(String name, String settings, EncoderAttackStrategy strategy) {

  /** Checks the name. */
  public EncoderAttack {
    checkArgument(!name.isBlank(), "an attack needs a name");
  }

  /**
   * An attack that climbs one objective.
   *
   * <pre>{@code
   * EncoderAttack.of("PGD", "50 steps",
   *     threatModel -> PgdAttack.builder(threatModel).steps(50).build(),
   *     Objectives::embeddingDistance)
   * }</pre>
   *
   * @param attack makes the attack for a threat model
   * @param objective makes the objective for a batch
   */
  public static EncoderAttack of(
      String name,
      String settings,
      Function<ThreatModel, ? extends Attack> attack,
      EncoderObjectiveFactory objective) {
    return new EncoderAttack(
        name,
        settings,
        (threatModel, encoder, batch) ->
            attack
                .apply(threatModel)
                .perturb(
                    objective.create(encoder, batch.referenceEmbeddings()),
                    batch.pixels(),
                    AttackOptions.none().withImageIds(batch.imageIds())));
  }
}
