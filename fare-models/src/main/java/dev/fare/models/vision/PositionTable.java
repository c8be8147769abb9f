package dev.fare.models.vision;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.fare.torch.TorchModule;
import dev.fare.torch.TorchSource;
import java.util.Map;

/**
 * The position embeddings of a vision transformer: a row for the class token, then one for each
 * patch of a square.
 *
 * @param grid patches along one side
 * @param width length of a row
 */
public record PositionTable(int grid, int width) {

  /** The tensor. */
  public static final String NAME = "visual.positional_embedding";

  private static final class Script {
    static final TorchModule MODULE =
        TorchModule.compile(
            TorchSource.resource(PositionTable.class, "position_table.py"),
            "PositionTable",
            Map.of(),
            Device.cpu());
  }

  /**
   * Interpolates a table as open_clip's {@code resize_pos_embed} does: bicubic with antialiasing,
   * which sets the filter's parameter to −0.5 also where the table grows. The class token's row
   * stays.
   *
   * <p>Hugging Face's {@code interpolate_pos_encoding} is another function (plain bicubic with
   * −0.75): a model that was trained or evaluated with it has other embeddings than one resized
   * here.
   *
   * @param table {@code [1 + G·G, C]}, the class token first
   * @param height rows of patches of the new images
   * @param width columns of patches of the new images
   * @return {@code [1 + height·width, C]}, owned by the manager of {@code table}
   * @throws IllegalArgumentException if the table is not of a square of patches, or a size is not
   *     positive
   */
  public static NDArray resize(NDArray table, int height, int width) {
    long rows = table.getShape().get(0) - 1;
    long grid = Math.round(Math.sqrt(rows));
    if (table.getShape().dimension() != 2 || rows < 1 || grid * grid != rows) {
      throw new IllegalArgumentException(
          "a position table must be [1 + G*G, C] with a row for the class token and each patch of a"
              + " square, got "
              + table.getShape());
    }
    if (height < 1 || width < 1) {
      throw new IllegalArgumentException(
          "height and width must be at least 1 patch, got " + height + " and " + width);
    }
    try (NDManager cpu = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
      NDArray size = cpu.create(new long[] {grid, grid, height, width});
      return Script.MODULE.call("resize", table, size);
    }
  }
}
