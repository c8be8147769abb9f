package dev.fare.models;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.fare.Precision;
import dev.fare.io.LazyTensor;
import dev.fare.io.ModelFormatException;
import dev.fare.models.format.ClipCheckpoint;
import dev.fare.models.format.ClipConfig;
import dev.fare.models.text.TextConfig;
import dev.fare.models.text.TextTransformer;
import dev.fare.models.vision.TowerOptions;
import dev.fare.models.vision.VisionTower;
import java.io.IOException;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;

/** Brings the towers of a checkpoint onto a device. */
public final class TowerLoader {

  private static final String LOGIT_SCALE = "logit_scale";

  private TowerLoader() {}

  /** Reads a vision tower. */
  public static VisionTower vision(
      ClipCheckpoint checkpoint, Device device, Precision precision, TowerOptions options)
      throws IOException {
    ClipConfig clip = checkpoint.config();
    NDManager manager = NDManager.newBaseManager(device, "PyTorch");
    try {
      Map<String, NDArray> weights = read(checkpoint, clip.vision().tensors().keySet(), manager);
      return clip.vision().newTower(clip.normalization(), weights, manager, precision, options);
    } catch (IOException | RuntimeException e) {
      manager.close();
      throw e;
    }
  }

  public static TextTransformer text(ClipCheckpoint checkpoint, Device device) throws IOException {
    TextConfig config =
        checkpoint
            .config()
            .text()
            .orElseThrow(
                () ->
                    new ModelFormatException(
                        checkpoint.source()
                            + " holds a vision tower alone; a CLIP with its text tower is needed"
                            + " here"));
    NDManager manager = NDManager.newBaseManager(device, "PyTorch");
    try {
      LinkedHashMap<String, ?> names = config.tensors();
      names.remove(LOGIT_SCALE);
      return new TextTransformer(config, read(checkpoint, names.keySet(), manager), manager);
    } catch (IOException | RuntimeException e) {
      manager.close();
      throw e;
    }
  }

  static double logitScale(ClipCheckpoint checkpoint) throws IOException {
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
      return Math.exp(tensor(checkpoint, LOGIT_SCALE).read(manager).getFloat());
    }
  }

  private static Map<String, NDArray> read(
      ClipCheckpoint checkpoint, Collection<String> names, NDManager manager) throws IOException {
    Map<String, NDArray> weights = new LinkedHashMap<>();
    for (String name : names) {
      weights.put(name, tensor(checkpoint, name).read(manager));
    }
    return weights;
  }

  static LazyTensor tensor(ClipCheckpoint checkpoint, String name) throws ModelFormatException {
    LazyTensor tensor = checkpoint.tensors().get(name);
    if (tensor == null) {
      throw new ModelFormatException(checkpoint.source() + " has no tensor " + name);
    }
    return tensor;
  }
}
