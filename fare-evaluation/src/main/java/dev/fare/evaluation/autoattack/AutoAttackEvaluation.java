package dev.fare.evaluation.autoattack;

import static com.google.common.base.Preconditions.checkArgument;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.fare.AttackControl;
import dev.fare.Classifier;
import dev.fare.ThreatModel;
import dev.fare.attacks.AutoAttack;
import dev.fare.attacks.Objectives;
import dev.fare.evaluation.journal.EvaluationJournal;
import dev.fare.torch.GradMode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * Measures with {@link AutoAttack} how robust a classifier is on some images: attack by attack over
 * those that are still robust, with a table and warnings.
 *
 * <pre>{@code
 * AutoAttackReport report = AutoAttackEvaluation.builder(AutoAttack.builder(threatModel).build())
 *     .build()
 *     .evaluate(classifier, images, labels);
 * }</pre>
 */
public final class AutoAttackEvaluation {

  private final AutoAttack attack;
  private final int batchSize;
  private final AttackControl control;
  private final @Nullable Path stateDirectory;

  private AutoAttackEvaluation(Builder builder) {
    attack = builder.attack;
    batchSize = builder.batchSize;
    control = builder.control;
    stateDirectory = builder.stateDirectory;
  }

  /** Starts an evaluation of 250 images at a time. */
  public static Builder builder(AutoAttack attack) {
    return new Builder(attack);
  }

  /**
   * Attacks all images.
   *
   * @param classifier gives logits; needs to be differentiable
   * @param images {@code [N,C,H,W]} float32 in [0,1]
   * @param labels {@code [N]} int64 or int32, from 0
   * @return the report, whose images belong to the manager of {@code images}
   * @throws IllegalStateException if an attack leaves its threat model, or the state directory is
   *     another evaluation's or damaged
   */
  public AutoAttackReport evaluate(Classifier classifier, NDArray images, NDArray labels) {
    long[] ids = LongStream.range(0, images.getShape().get(0)).toArray();
    return evaluate(classifier, images, labels, ids);
  }

  /**
   * The same for some images of a larger set.
   *
   * @param imageIds each image's number in the set, which its random draws depend on
   */
  public AutoAttackReport evaluate(
      Classifier classifier, NDArray images, NDArray labels, long[] imageIds) {
    ThreatModel.checkPixels(images);
    long count = images.getShape().get(0);
    checkArgument(
        labels.getShape().equals(new Shape(count)),
        "there must be one label per image, [%s], got %s",
        count,
        labels.getShape());
    checkArgument(
        imageIds.length == count,
        "there must be one image id per image, got %s for %s images",
        imageIds.length,
        count);
    try (GradMode off = GradMode.noGrad();
        NDManager manager = images.getManager().newSubManager();
        NDArray wide = labels.toType(DataType.INT64, true)) {
      String identity = EarlierState.identity(attack, images, wide, imageIds);
      try (EvaluationJournal journal = open(identity)) {
        return new AutoAttackRun(
                this,
                Objectives.crossEntropy(classifier, wide),
                images,
                imageIds.clone(),
                identity,
                journal,
                manager)
            .run();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private EvaluationJournal open(String identity) throws IOException {
    return stateDirectory == null
        ? EvaluationJournal.none()
        : EvaluationJournal.open(stateDirectory.resolve("journal.jsonl"), identity);
  }

  AutoAttack attack() {
    return attack;
  }

  int batchSize() {
    return batchSize;
  }

  AttackControl control() {
    return control;
  }

  @Nullable Path stateDirectory() {
    return stateDirectory;
  }

  /** Settings of an {@link AutoAttackEvaluation}. */
  public static final class Builder {

    private final AutoAttack attack;
    private int batchSize = 250;
    private AttackControl control = AttackControl.unlimited();
    private @Nullable Path stateDirectory;

    private Builder(AutoAttack attack) {
      this.attack = attack;
    }

    /**
     * How many images are attacked together, at least 1; 250 by default. Results don't depend on
     * it.
     */
    public Builder batchSize(int batchSize) {
      checkArgument(batchSize >= 1, "batchSize must be at least 1, got %s", batchSize);
      this.batchSize = batchSize;
      return this;
    }

    /** What can end the evaluation early; nothing by default. */
    public Builder control(AttackControl control) {
      this.control = control;
      return this;
    }

    /**
     * Where the evaluation writes down what it has found, batch by batch, so that it can go on
     * after an interruption with the same result. A directory that another evaluation has written
     * to, with other attacks, settings, images or labels, is refused. A part of the caller's own is
     * told by its {@code toString}.
     */
    public Builder stateDirectory(Path stateDirectory) {
      this.stateDirectory = stateDirectory;
      return this;
    }

    /** Makes the evaluation. */
    public AutoAttackEvaluation build() {
      return new AutoAttackEvaluation(this);
    }
  }
}
