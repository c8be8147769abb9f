package dev.fare.vlm;

import static com.google.common.base.Preconditions.checkArgument;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Token ids of several prompts, brought to one length by padding on the left, in which every image
 * has as many places as it has visual tokens; with or without the texts that should follow.
 */
public final class PromptBatch {

  /** What stands in a label's place where no token is asked for, as in Hugging Face's library. */
  private static final long NO_LABEL = -100;

  /** One prompt: ids, which of them are visual tokens, and labels. */
  private record Row(long[] ids, boolean[] visual, long[] labels, int images) {}

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
    long[] labels = new long[all];
    Arrays.fill(labels, NO_LABEL);
    System.arraycopy(text, 0, labels, before, text.length);
    return new Row(ids, visual, labels, images);
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
    long[][] values = new long[rows.size()][length];
    for (int i = 0; i < values.length; i++) {
      Arrays.fill(values[i], pad);
      copyRight(rows.get(i).ids(), values[i]);
    }
    return manager.create(values);
  }

  /** {@code [N,L]} int64: 1 where there is a token, 0 where there is padding. */
  public NDArray mask(NDManager manager) {
    long[][] values = new long[rows.size()][length];
    for (int i = 0; i < values.length; i++) {
      Arrays.fill(values[i], length - rows.get(i).ids().length, length, 1);
    }
    return manager.create(values);
  }

  /** {@code [N,L]} boolean: where visual tokens stand. */
  public NDArray visualPlaces(NDManager manager) {
    long[][] values = new long[rows.size()][length];
    for (int i = 0; i < values.length; i++) {
      boolean[] visual = rows.get(i).visual();
      for (int j = 0; j < visual.length; j++) {
        values[i][length - visual.length + j] = visual[j] ? 1 : 0;
      }
    }
    return manager.create(values).toType(DataType.BOOLEAN, false);
  }

  /** {@code [N,L]} int64: the tokens of the texts, −100 elsewhere. */
  public NDArray labels(NDManager manager) {
    long[][] values = new long[rows.size()][length];
    for (int i = 0; i < values.length; i++) {
      Arrays.fill(values[i], NO_LABEL);
      copyRight(rows.get(i).labels(), values[i]);
    }
    return manager.create(values);
  }

  private static void copyRight(long[] source, long[] target) {
    System.arraycopy(source, 0, target, target.length - source.length, source.length);
  }
}
