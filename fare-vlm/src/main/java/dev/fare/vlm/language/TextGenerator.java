package dev.fare.vlm.language;

import static com.google.common.collect.ImmutableSet.toImmutableSet;

import ai.djl.ndarray.NDArray;
import com.google.common.primitives.Longs;
import dev.fare.torch.GradMode;
import dev.fare.torch.Host;
import dev.fare.torch.TensorScope;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/** Lets a language model go on with prompts: greedily, by drawing, or by a beam search. */
public final class TextGenerator {

  private final LlamaModel model;
  private final EndTokens endings;
  private final Set<Long> ends;

  /**
   * A generator.
   *
   * @param model stays the caller's
   * @param endings the tokens that end a text
   */
  public TextGenerator(LlamaModel model, EndTokens endings) {
    this.model = model;
    this.endings = endings;
    ends = endings.ids().stream().map(Integer::longValue).collect(toImmutableSet());
  }

  /**
   * Writes a text for each prompt.
   *
   * @param embeddings of the prompts, {@code [N,T,C]}, padded on the left
   * @param mask {@code [N,T]} int64, 0 for padding
   * @param listener sees tokens as they are chosen; a beam search chooses all at its end
   * @return the tokens of each text, without the one that ended it
   * @throws IllegalArgumentException if the last place of a prompt is padding, or the prompts are
   *     longer than the model's context
   */
  public List<long[]> generate(
      NDArray embeddings, NDArray mask, GenerationOptions options, TokenListener listener) {
    checkPadding(mask);
    try (TensorScope scope = TensorScope.of(embeddings);
        GradMode off = GradMode.noGrad();
        Decoding decoding = new Decoding(model, scope.view(embeddings), scope.view(mask))) {
      int prompts = Math.toIntExact(mask.getShape().get(0));
      if (options.beams() == 1) {
        return chooseOneByOne(decoding, prompts, options, listener);
      }
      return new BeamSearch(options, ends).run(decoding, prompts);
    }
  }

  private List<long[]> chooseOneByOne(
      Decoding decoding, int prompts, GenerationOptions options, TokenListener listener) {
    TokenSampler sampler = new TokenSampler(options, prompts);
    List<List<Long>> texts = new ArrayList<>();
    for (int i = 0; i < prompts; i++) {
      texts.add(new ArrayList<>());
    }
    boolean[] isOver = new boolean[prompts];
    int steps = Math.min(options.maxNewTokens(), decoding.room() + 1);
    boolean goesOn = true;
    for (int step = 0; step < steps && goesOn; step++) {
      // chosen where the logits are, so that nothing is brought back
      try (NDArray highest = options.temperature() == 0 ? decoding.highest() : null) {
        long[] tokens =
            highest == null ? draw(decoding.logits(), sampler, isOver) : Host.longs(highest);
        for (int row = 0; row < prompts; row++) {
          if (!isOver[row]) {
            isOver[row] = ends.contains(tokens[row]);
            if (!isOver[row]) {
              texts.get(row).add(tokens[row]);
              isOver[row] = !listener.goesOnAfter(row, tokens[row]);
            }
          }
        }
        goesOn = step + 1 < steps && !allTrue(isOver);
        if (goesOn) {
          if (highest == null) {
            decoding.append(tokens);
          } else {
            decoding.append(highest);
          }
        }
      }
    }
    return texts.stream().map(Longs::toArray).toList();
  }

  /** A token for each row; a text that is over gets another end token, which nobody reads. */
  private long[] draw(NDArray logits, TokenSampler sampler, boolean[] isOver) {
    try (TensorScope scope = TensorScope.of(logits)) {
      float[] flat = Host.floats(logits);
      int size = Math.toIntExact(logits.getShape().get(1));
      long[] tokens = new long[isOver.length];
      for (int row = 0; row < tokens.length; row++) {
        tokens[row] =
            isOver[row]
                ? endings.ids().get(0)
                : sampler.draw(row, Arrays.copyOfRange(flat, row * size, (row + 1) * size));
      }
      return tokens;
    }
  }

  private static boolean allTrue(boolean[] flags) {
    for (boolean flag : flags) {
      if (!flag) {
        return false;
      }
    }
    return true;
  }

  private static void checkPadding(NDArray mask) {
    try (TensorScope scope = TensorScope.of(mask)) {
      if (Host.longs(mask.get(":, -1").min())[0] == 0) {
        throw new IllegalArgumentException(
            "prompts must be padded on the left: the last place of each must be a token");
      }
    }
  }
}
