package dev.fare;

import static java.util.Objects.requireNonNull;

import ai.djl.ndarray.NDArray;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What an attack found for each image of a batch.
 *
 * <p>The arrays belong to the manager of the attacked pixels and live until {@link #close} or until
 * that manager closes.
 */
public final class AttackResult implements AutoCloseable {

  /**
   * How an objective rates images.
   *
   * @param losses {@code [N]}
   * @param succeeded {@code [N]} boolean
   */
  public record Scores(NDArray losses, NDArray succeeded) {}

  /** Why an attack ended. */
  public enum StopReason {
    /** It did all its steps. */
    COMPLETED,
    /** Somebody asked it to end. */
    CANCELLED,
    /** Its time was over. */
    TIME_LIMIT,
    /** As many images went through the model as were allowed. */
    FORWARD_LIMIT
  }

  private final NDArray images;
  private final NDArray highestLossImages;
  private final AttackCost cost;
  private final StopReason stopReason;
  private final Supplier<Scores> evaluation;
  private @Nullable Scores scores;

  /**
   * Puts a result together.
   *
   * @param images {@code [N,C,H,W]}: the successful image where there is one, else the one of
   *     highest loss
   * @param highestLossImages {@code [N,C,H,W]}; may be the same array as {@code images}
   * @param losses {@code [N]}, of {@code highestLossImages}
   * @param succeeded {@code [N]} boolean
   */
  public AttackResult(
      NDArray images, NDArray highestLossImages, NDArray losses, NDArray succeeded) {
    this(images, highestLossImages, losses, succeeded, AttackCost.NONE, StopReason.COMPLETED);
  }

  /** The same with what it cost and why it ended. */
  public AttackResult(
      NDArray images,
      NDArray highestLossImages,
      NDArray losses,
      NDArray succeeded,
      AttackCost cost,
      StopReason stopReason) {
    this(images, highestLossImages, cost, stopReason, noEvaluation());
    scores = new Scores(requireNonNull(losses, "losses"), requireNonNull(succeeded, "succeeded"));
  }

  private AttackResult(
      NDArray images,
      NDArray highestLossImages,
      AttackCost cost,
      StopReason stopReason,
      Supplier<Scores> evaluation) {
    this.images = requireNonNull(images, "images");
    this.highestLossImages = requireNonNull(highestLossImages, "highestLossImages");
    this.cost = requireNonNull(cost, "cost");
    this.stopReason = requireNonNull(stopReason, "stopReason");
    this.evaluation = requireNonNull(evaluation, "evaluation");
  }

  private static Supplier<Scores> noEvaluation() {
    return () -> {
      throw new IllegalStateException("a result is evaluated once");
    };
  }

  /**
   * A result whose images have not been evaluated yet, so that training does not pay for it.
   *
   * @param images {@code [N,C,H,W]}, the only candidate for each image
   * @param cost without the evaluation
   * @param stopReason why the attack ended
   * @param evaluation rates the images; called at most once
   */
  public static AttackResult evaluatedOnDemand(
      NDArray images, AttackCost cost, StopReason stopReason, Supplier<Scores> evaluation) {
    return new AttackResult(images, images, cost, stopReason, evaluation);
  }

  /** The successful image where there is one, else the one of highest loss, {@code [N,C,H,W]}. */
  public NDArray images() {
    return images;
  }

  /** The image of highest loss, whether it succeeded or not, {@code [N,C,H,W]}. */
  public NDArray highestLossImages() {
    return highestLossImages;
  }

  /**
   * The losses of {@link #highestLossImages}, {@code [N]}. Where the attack left its last images
   * unevaluated, the first call runs one forward pass of the attack's objective.
   */
  public NDArray losses() {
    return scores().losses();
  }

  /**
   * Which images the attack has won, {@code [N]} boolean. Where the attack left its last images
   * unevaluated, the first call runs one forward pass of the attack's objective.
   */
  public NDArray succeeded() {
    return scores().succeeded();
  }

  /** What the attack has spent, without an evaluation on demand. */
  public AttackCost cost() {
    return cost;
  }

  /** Why the attack ended: all its steps, or a limit. */
  public StopReason stopReason() {
    return stopReason;
  }

  /** The same arrays with the cost of all that led to them; close only one of the two. */
  public AttackResult withCost(AttackCost all) {
    AttackResult result =
        new AttackResult(images, highestLossImages, all, stopReason, this::scores);
    result.scores = scores;
    return result;
  }

  private synchronized Scores scores() {
    Scores known = scores;
    if (known == null) {
      known = evaluation.get();
      scores = known;
    }
    return known;
  }

  /** Frees the arrays. */
  @Override
  public synchronized void close() {
    images.close();
    highestLossImages.close();
    if (scores != null) {
      scores.losses().close();
      scores.succeeded().close();
    }
  }
}
