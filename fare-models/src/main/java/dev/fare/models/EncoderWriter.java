package dev.fare.models;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import dev.fare.image.ClipPreprocessing;
import dev.fare.models.export.torchscript.TorchScriptExport;
import dev.fare.models.format.ClipCheckpoint;
import dev.fare.models.format.ClipConfig;
import dev.fare.models.format.huggingface.HuggingFaceNames;
import dev.fare.models.format.huggingface.HuggingFaceWriter;
import dev.fare.models.format.openclip.OpenClipWriter;
import dev.fare.models.text.TextTransformer;
import dev.fare.models.vision.VisionTower;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** Writes a vision tower with what stood beside it in the checkpoint that it came from. */
final class EncoderWriter {

  private EncoderWriter() {}

  /** See {@link RobustClipEncoder#save}. */
  static void save(ClipCheckpoint origin, VisionTower tower, Path directory) throws IOException {
    ClipConfig config = origin.config();
    Optional<ClipPreprocessing> pictures = origin.preprocessing();
    Map<String, NDArray> ours = tower.parameters();
    try (NDManager reading = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
      Map<String, NDArray> tensors = new LinkedHashMap<>();
      for (String name : origin.tensors().keySet()) {
        NDArray changed = ours.get(name);
        tensors.put(
            name, changed != null ? changed : TowerLoader.tensor(origin, name).read(reading));
      }
      if (HuggingFaceNames.has(config.vision())) {
        HuggingFaceWriter.write(
            config, tensors, origin.tokenizer(), pictures, directory, DataType.FLOAT32);
      } else {
        OpenClipWriter.write(config, tensors, origin.tokenizer(), pictures, directory);
      }
    }
  }

  /** See {@link RobustClipEncoder#exportTorchScript}. */
  static void exportTorchScript(ClipCheckpoint origin, VisionTower tower, Path directory)
      throws IOException {
    if (origin.config().text().isEmpty()) {
      TorchScriptExport.write(tower, origin.config().normalization(), Optional.empty(), directory);
      return;
    }
    Device device = tower.parameters().values().iterator().next().getDevice();
    try (TextTransformer text = TowerLoader.text(origin, device)) {
      exportTorchScript(origin, tower, text, directory);
    }
  }

  /** See {@link ClipModel#exportTorchScript}. */
  static void exportTorchScript(
      ClipCheckpoint origin, VisionTower tower, TextTransformer text, Path directory)
      throws IOException {
    TorchScriptExport.Text side =
        new TorchScriptExport.Text(text, TowerLoader.logitScale(origin), origin.tokenizerJson());
    TorchScriptExport.write(tower, origin.config().normalization(), Optional.of(side), directory);
  }
}
