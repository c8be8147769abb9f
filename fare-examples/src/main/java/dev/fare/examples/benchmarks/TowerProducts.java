package dev.fare.examples.benchmarks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.fare.image.PixelNormalization;
import dev.fare.models.vision.VitConfig;
import dev.fare.torch.GradMode;
import dev.fare.torch.TensorScope;
import dev.fare.torch.TorchModule;
import dev.fare.torch.TorchSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The matrix products of a vision transformer's pixel gradient, forward and back, on the same
 * libtorch: what is left when everything else costs nothing.
 */
final class TowerProducts implements AutoCloseable {

  private final NDManager manager;
  private final TorchModule module;

  /** Rounds the weights for bfloat16, once. */
  TowerProducts(VitConfig config, Map<String, NDArray> weights, boolean isBfloat16) {
    NDArray any = weights.values().iterator().next();
    manager = NDManager.newBaseManager(any.getDevice(), "PyTorch");
    List<NDArray> bound = new ArrayList<>();
    bound.add(PlainTower.perChannel(manager, PixelNormalization.CLIP.mean()));
    bound.add(PlainTower.perChannel(manager, PixelNormalization.CLIP.std()));
    bound.addAll(weights.values());
    module =
        TorchModule.compile(
                TorchSource.resource(TowerProducts.class, "tower_products.py"),
                "TowerProducts",
                Map.of(
                    "patch", config.patchSize(),
                    "layers", config.layers(),
                    "heads", config.heads(),
                    "half", isBfloat16),
                any.getDevice())
            .bind(bound);
  }

  /** Multiplies at the shapes that these images have inside the tower. */
  void run(NDArray pixels) {
    try (TensorScope scope = TensorScope.of(pixels);
        GradMode off = GradMode.noGrad()) {
      module.call("run", scope.view(pixels)).getFloat();
    }
  }

  /** Multiplications and additions of {@link #run}, each counted as one. */
  static double operations(VitConfig config, int images) {
    double tokens = config.tokens();
    double width = config.width();
    double patches = (tokens - 1) * 3 * config.patchSize() * config.patchSize() * width;
    double linear = width * (4 * width + 2 * config.mlpWidth());
    double attention = 2 * tokens * tokens * width;
    double block = 2 * tokens * linear + 3 * attention;
    double last =
        2 * (width * (2 * width + 2 * config.mlpWidth()))
            + 2 * 2 * width * width
            + 3 * 2 * tokens * width * config.heads();
    double projection = 2 * width * config.embeddingSize();
    return 2 * images * (2 * patches + (config.layers() - 1) * block + last + projection);
  }

  @Override
  public void close() {
    module.close();
    manager.close();
  }
}
