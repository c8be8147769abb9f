package dev.fare.vlm;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.fare.SelectableObjective;
import dev.fare.torch.GradMode;
import dev.fare.torch.Host;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What an attacker wants of a vision-language model: that it says a text (towards), or says nothing
 * like a text (away from).
 *
 * <p>The loss of an image is the mean cross-entropy of the text's tokens, its end token included,
 * each expected from the prompt, the image and the tokens before it; towards a text, its negative.
 * An attack towards a text has succeeded where every token is the likeliest one in its place, so
 * that greedy decoding writes the text; away from a text there is no success, the answer's score
 * decides.
 *
 * <p>Memory is bounded: the language model's layers are computed again, one at a time, where their
 * gradient is needed. Its weights get no gradient. Pixels are {@code [N,3,S,S]}, one image for each
 * prompt, or with {@link #withContext} {@code [N,3,A·S,S]}.
 */
public final class VlmObjective implements SelectableObjective {

  /** Images of prompts that hold several. */
  private record Context(NDArray visualTokens, List<Boolean> isAttacked) {

    int attacked() {
      return (int) isAttacked.stream().filter(attacked -> attacked).count();
    }

    int fixed() {
      return isAttacked.size() - attacked();
    }
  }

  private final VisionLanguageModel model;
  private final PromptBatch batch;
  private final boolean isTargeted;
  private final @Nullable Context context;

  private VlmObjective(
      VisionLanguageModel model, PromptBatch batch, boolean isTargeted, @Nullable Context context) {
    this.model = requireNonNull(model, "model");
    this.batch = batch;
    this.isTargeted = isTargeted;
    this.context = context;
  }

  /**
   * Makes the model say a text.
   *
   * @param prompts whole prompts with one image each
   * @param targets what each should be answered with
   */
  public static VlmObjective towards(
      VisionLanguageModel model, List<String> prompts, List<String> targets) {
    return towards(model, model.batch(prompts, targets));
  }

  /** The same for prompts and texts in tokens. */
  public static VlmObjective towards(VisionLanguageModel model, PromptBatch batch) {
    return new VlmObjective(model, batch, true, null);
  }

  /**
   * Keeps the model from saying what it should.
   *
   * @param prompts whole prompts with one image each
   * @param references what each should not be answered with
   */
  public static VlmObjective awayFrom(
      VisionLanguageModel model, List<String> prompts, List<String> references) {
    return awayFrom(model, model.batch(prompts, references));
  }

  /** The same for prompts and texts in tokens. */
  public static VlmObjective awayFrom(VisionLanguageModel model, PromptBatch batch) {
    return new VlmObjective(model, batch, false, null);
  }

  /**
   * The same objective for prompts of several images, of which only some may be changed.
   *
   * @param images the others, {@code [N·F,3,S,S]}, F for each prompt in their order
   * @param isAttacked for each place of an image in a prompt whether the attacker may change it.
   *     The A images that may be changed lie below each other in the pixels, {@code [N,3,A·S,S]}
   * @return an objective whose arrays belong to the manager of {@code images}
   */
  public VlmObjective withContext(NDArray images, List<Boolean> isAttacked) {
    Context described = new Context(images, List.copyOf(isAttacked));
    checkArgument(
        described.attacked() > 0, "at least one image must be open to the attack, got none");
    checkArgument(
        images.getShape().get(0) == (long) batch.size() * described.fixed(),
        "%s prompts need %s images that stay as they are, got %s",
        batch.size(),
        batch.size() * described.fixed(),
        images.getShape().get(0));
    if (described.fixed() == 0) {
      return new VlmObjective(model, batch, isTargeted, described);
    }
    try (GradMode off = GradMode.noGrad()) {
      NDArray tokens = model.visualTokens(images);
      Shape shape = tokens.getShape();
      NDArray perPrompt =
          tokens.reshape(batch.size(), described.fixed(), shape.get(1), shape.get(2));
      return new VlmObjective(
          model, batch, isTargeted, new Context(perPrompt, described.isAttacked()));
    }
  }

  /**
   * Runs the model on the prompts and texts.
   *
   * @return {@code [N,2]}: the mean cross-entropy of each text, and 1 where greedy decoding would
   *     write it
   */
  @Override
  public NDArray forward(NDArray pixels) {
    checkPixels(pixels);
    NDArray visual = context == null ? model.visualTokens(pixels) : withContext(pixels, context);
    return model.textLosses(batch, visual);
  }

  private void checkPixels(NDArray pixels) {
    int images = context == null ? 1 : context.attacked();
    for (int i = 0; i < batch.size(); i++) {
      int places = context == null ? 1 : context.isAttacked().size();
      checkArgument(
          batch.images(i) == places,
          "prompt %s has places for %s images, the objective for %s",
          i,
          batch.images(i),
          places);
    }
    int size = model.imageSize();
    Shape wanted = new Shape(batch.size(), 3, (long) images * size, size);
    checkArgument(
        pixels.getShape().equals(wanted), "pixels must be %s, got %s", wanted, pixels.getShape());
  }

  /** The visual tokens of all images in the order of the prompts, [N * K, T, W]. */
  private NDArray withContext(NDArray pixels, Context images) {
    int attacked = images.attacked();
    long size = pixels.getShape().get(3);
    NDArray apart = pixels.reshape(batch.size(), 3, attacked, size, size).transpose(0, 2, 1, 3, 4);
    NDArray tokens = model.visualTokens(apart.reshape(-1, 3, size, size));
    Shape shape = tokens.getShape();
    NDArray changed = tokens.reshape(batch.size(), attacked, shape.get(1), shape.get(2));
    NDList places = new NDList();
    int nextChanged = 0;
    int nextFixed = 0;
    for (boolean isAttacked : images.isAttacked()) {
      places.add(
          isAttacked
              ? changed.get(":, " + nextChanged++)
              : images.visualTokens().get(":, " + nextFixed++));
    }
    return NDArrays.stack(places, 1).reshape(-1, shape.get(1), shape.get(2));
  }

  @Override
  public NDArray losses(NDArray outputs) {
    NDArray losses = outputs.get(":, 0");
    return isTargeted ? losses.neg() : losses;
  }

  @Override
  public NDArray succeeded(NDArray outputs) {
    if (!isTargeted) {
      return SelectableObjective.super.succeeded(outputs);
    }
    return outputs.get(":, 1").toType(DataType.BOOLEAN, false);
  }

  @Override
  public VlmObjective select(NDArray rows) {
    PromptBatch selected = batch.select(Host.longs(rows));
    Context kept = context;
    if (context != null && context.fixed() > 0) {
      NDArray tokens = context.visualTokens().get(rows);
      tokens.attach(rows.getManager());
      kept = new Context(tokens, context.isAttacked());
    }
    return new VlmObjective(model, selected, isTargeted, kept);
  }
}
