package dev.fare.models.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import dev.fare.torch.Host;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Texts as token ids without padding. */
final class TokenRows {

  private final long[][] ids;

  private TokenRows(long[][] ids) {
    this.ids = ids;
  }

  /**
   * The rows of a tokenizer's arrays.
   *
   * @param ids {@code [K,T]} of an integer type
   * @param mask {@code [K,T]}, 1 for tokens and 0 for padding; without it, all are tokens
   */
  static TokenRows of(NDArray ids, @Nullable NDArray mask) {
    if (ids.getShape().dimension() != 2
        || (mask != null && !mask.getShape().equals(ids.getShape()))) {
      throw new IllegalArgumentException(
          "token ids must be [texts, tokens] and their mask alike, got "
              + ids.getShape()
              + (mask == null ? "" : " and " + mask.getShape()));
    }
    long[] values = longs(ids);
    long[] kept = mask == null ? new long[0] : longs(mask);
    int texts = Math.toIntExact(ids.getShape().get(0));
    int tokens = Math.toIntExact(ids.getShape().get(1));
    long[][] rows = new long[texts][];
    for (int text = 0; text < texts; text++) {
      long[] row = new long[tokens];
      int length = 0;
      for (int i = text * tokens; i < (text + 1) * tokens; i++) {
        if (mask == null || kept[i] != 0) {
          row[length++] = values[i];
        }
      }
      rows[text] = Arrays.copyOf(row, length);
    }
    return new TokenRows(rows);
  }

  private static long[] longs(NDArray integers) {
    return Host.longs(integers.toType(DataType.INT64, false));
  }

  /** Rows of one length, at most {@code context}: a longer text keeps its last, the end token. */
  long[][] within(int context) {
    int longest = Arrays.stream(ids).mapToInt(row -> row.length).max().orElse(0);
    int length = Math.min(longest, context);
    return Arrays.stream(ids)
        .map(
            row -> {
              long[] cut = Arrays.copyOf(row, length);
              if (row.length > length) {
                cut[length - 1] = row[row.length - 1];
              }
              return cut;
            })
        .toArray(long[][]::new);
  }
}
