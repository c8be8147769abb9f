package dev.fare.vlm;

import static com.google.common.base.Preconditions.checkArgument;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.torch.Host;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * Token ids of several prompts, brought to one length by padding on the left, in which every image
 * has as many places as it has visual tokens; with or without the texts that should follow.
 */
public final class PromptBatch {

  /** What stands in a label's place where no token is asked for, as in Hugging Face's library. */
  private static final long NO_LABEL = -100;

  /** One prompt: ids, which of them are visual tokens, and how many at its end are its text. */
  private record Row(long[] ids, boolean[] visual, int text, int images) {}

  private final List<Row> rows;
  private final long pad;
  private final int length;

  private PromptBatch(List<Row> rows, long pad) {
    this.rows = List.copyOf(rows);
    this.pad = pad;
    length = rows.stream().mapToInt(row -> row.ids().length).max().orElseThrow();
  }

  /**
   * Prompts alone.
   *
   * @param prompts ids in which the image token stands for a whole image
   * @param padToken what fills up shorter prompts, which nobody looks at
   * @param tokensPerImage how many places an image takes
   */
  public static PromptBatch of(
      List<long[]> prompts, long imageToken, long padToken, int tokensPerImage) {
    List<long[]> nothing = prompts.stream().map(prompt -> new long[0]).toList();
    return of(prompts, nothing, imageToken, padToken, tokensPerImage);
  }

  /**
   * Prompts and what should follow each.
   *
   * @param texts ids without images, whose every token is a label
   */
  public static PromptBatch of(
      List<long[]> prompts,
      List<long[]> texts,
      long imageToken,
      long padToken,
      int tokensPerImage) {
    checkArgument(!prompts.isEmpty(), "there must be at least one prompt, got none");
    checkArgument(
        prompts.size() == texts.size(),
        "each prompt needs one text, got %s prompts and %s texts",
        prompts.size(),
        texts.size());
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < prompts.size(); i++) {
      rows.add(row(prompts.get(i), texts.get(i), imageToken, tokensPerImage));
    }
    return new PromptBatch(rows, padToken);
  }

  private static Row row(long[] prompt, long[] text, long imageToken, int tokensPerImage) {
    checkArgument(prompt.length > 0, "a prompt must have at least one token, got none");
    int images = (int) Arrays.stream(prompt).filter(id -> id == imageToken).count();
    int before = prompt.length + images * (tokensPerImage - 1);
    int all = before + text.length;
    long[] ids = new long[all];
    boolean[] visual = new boolean[all];
    int at = 0;
    for (long id : prompt) {
      int places = id == imageToken ? tokensPerImage : 1;
      Arrays.fill(ids, at, at + places, id);
      Arrays.fill(visual, at, at + places, id == imageToken);
      at += places;
    }
    System.arraycopy(text, 0, ids, at, text.length);
    return new Row(ids, visual, text.length, images);
  }

  /** The number of prompts. */
  public int size() {
    return rows.size();
  }

  /** The number of images in all prompts. */
  public int images() {
    return rows.stream().mapToInt(Row::images).sum();
  }

  /** The number of images in one prompt. */
  public int images(int prompt) {
    return rows.get(prompt).images();
  }

  /** Places of the longest prompt, visual tokens and text included. */
  public int length() {
    return length;
  }

  /** Some of the prompts, in that order. */
  public PromptBatch select(long[] prompts) {
    return new PromptBatch(Arrays.stream(prompts).mapToObj(i -> rows.get((int) i)).toList(), pad);
  }

  /** The ids {@code [N,L]} int64, images as their token, padding as the pad token. */
  public NDArray ids(NDManager manager) {
    return bring(manager, length, pad, Row::ids);
  }

  /** {@code [N,L]} int64: 1 where there is a token, 0 where there is padding. */
  public NDArray mask(NDManager manager) {
    return bring(manager, length, 0, row -> ones(row.ids().length));
  }

  /** {@code [P]} int64: the places of visual tokens among all {@code N·L}, row by row. */
  public NDArray visualPlaces(NDManager manager) {
    return Host.bring(manager, visualPlaces());
  }

  /**
   * {@code [N,K]} int64, K the tokens of the longest text: the tokens that the texts have in the
   * last K places, −100 before a shorter text.
   */
  public NDArray labels(NDManager manager) {
    int texts = rows.stream().mapToInt(Row::text).max().orElseThrow();
    return bring(manager, texts, NO_LABEL, PromptBatch::text);
  }

  private static long[] text(Row row) {
    return Arrays.copyOfRange(row.ids(), row.ids().length - row.text(), row.ids().length);
  }

  private static long[] ones(int count) {
    long[] ones = new long[count];
    Arrays.fill(ones, 1);
    return ones;
  }

  private long[] visualPlaces() {
    return IntStream.range(0, rows.size() * length)
        .filter(
            place -> {
              boolean[] visual = rows.get(place / length).visual();
              int at = place % length - (length - visual.length);
              return at >= 0 && visual[at];
            })
        .asLongStream()
        .toArray();
  }

  /** One line a row, filled up on the left. */
  private NDArray bring(NDManager manager, int width, long filler, Function<Row, long[]> ofRow) {
    long[] values = new long[rows.size() * width];
    Arrays.fill(values, filler);
    for (int i = 0; i < rows.size(); i++) {
      long[] line = ofRow.apply(rows.get(i));
      System.arraycopy(line, 0, values, (i + 1) * width - line.length, line.length);
    }
    return Host.bring(manager, values, new Shape(rows.size(), width));
  }
}
