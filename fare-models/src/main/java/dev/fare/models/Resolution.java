package dev.fare.models;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.io.LazyTensor;
import dev.fare.models.format.ClipCheckpoint;
import dev.fare.models.format.ClipConfig;
import dev.fare.models.vision.PositionTable;
import dev.fare.models.vision.VisionConfig;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes the model of one image size that of another. */
final class Resolution {

  private static final Logger log = LoggerFactory.getLogger(Resolution.class);

  private Resolution() {}

  /**
   * The same weights for images of another size; a vision transformer's position table is
   * interpolated when it is read.
   */
  static ClipCheckpoint change(ClipCheckpoint checkpoint, int imageSize) {
    ClipConfig config = checkpoint.config();
    VisionConfig before = config.vision();
    if (before.imageSize() == imageSize) {
      return checkpoint;
    }
    VisionConfig after = before.withImageSize(imageSize);
    Map<String, LazyTensor> tensors = new LinkedHashMap<>(checkpoint.tensors());
    Optional<PositionTable> from = before.positions();
    Optional<PositionTable> to = after.positions();
    if (to.isPresent() && !from.equals(to)) {
      int grid = to.get().grid();
      log.info(
          "{}: the position table of {}x{} patches is interpolated to {}x{} for images of {}"
              + " pixels",
          checkpoint.source(),
          from.orElseThrow().grid(),
          from.orElseThrow().grid(),
          grid,
          grid,
          imageSize);
      LazyTensor stored = checkpoint.tensor(PositionTable.NAME);
      tensors.put(PositionTable.NAME, new Interpolated(stored, to.get()));
    } else {
      log.info(
          "{} was made for images of {} pixels and takes them of {}",
          checkpoint.source(),
          before.imageSize(),
          imageSize);
    }
    return new ClipCheckpoint(
        new ClipConfig(after, config.text(), config.normalization()),
        tensors,
        checkpoint.tokenizer(),
        checkpoint.cleaning(),
        checkpoint.source(),
        checkpoint.preprocessing());
  }

  private record Interpolated(LazyTensor stored, PositionTable target) implements LazyTensor {

    @Override
    public Shape shape() {
      return new Shape(1 + (long) target.grid() * target.grid(), target.width());
    }

    @Override
    public NDArray read(NDManager manager) throws IOException {
      try (NDArray table = stored.read(manager)) {
        return PositionTable.resize(table, target.grid(), target.grid());
      }
    }
  }
}
