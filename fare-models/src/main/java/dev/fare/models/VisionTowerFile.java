package dev.fare.models;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dev.fare.io.AtomicFile;
import dev.fare.io.LazyTensor;
import dev.fare.io.ModelFormatException;
import dev.fare.io.SafetensorsWriter;
import dev.fare.models.format.ClipCheckpoint;
import dev.fare.models.format.ClipConfig;
import dev.fare.models.format.TensorMatcher;
import dev.fare.models.format.WeightFile;
import dev.fare.models.format.WeightMapping;
import dev.fare.models.format.huggingface.HuggingFaceNames;
import dev.fare.models.vision.VisionConfig;
import dev.fare.torch.TorchArchiveWriter;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The state dict of a vision tower alone, in one file: how robust encoders are published. Text
 * tower and configuration come from the CLIP model that it was tuned from.
 */
public final class VisionTowerFile {

  private VisionTowerFile() {}

  /**
   * Puts the vision tower of a file in the place of a model's own.
   *
   * <p>Read are {@code .pt} state dicts with or without {@code visual.} before the names, also
   * wrapped in {@code vision_encoder_state_dict} or {@code state_dict}, safetensors of the same,
   * and Hugging Face's names. Tensors of a text tower are not taken.
   *
   * @param file with the vision tower
   * @param base a model of the same architecture
   * @throws ModelFormatException if the tensors are not those that the base's configuration asks
   *     for
   * @throws IOException if the file can't be read
   */
  public static ClipCheckpoint read(Path file, ClipCheckpoint base) throws IOException {
    VisionConfig config = base.config().vision();
    Map<String, LazyTensor> stored = WeightFile.read(file).unwrapped();
    Map<String, WeightMapping> recipes = Map.of();
    if (HuggingFaceNames.areIn(stored) && HuggingFaceNames.has(config)) {
      recipes = HuggingFaceNames.vision(config);
      stored =
          visionOnly(HuggingFaceNames.withoutWrapper(stored, file.toString()), "vision_model.");
    } else if (stored.keySet().stream().anyMatch(name -> name.startsWith(VisionConfig.PREFIX))) {
      stored = visionOnly(stored, VisionConfig.PREFIX);
    } else {
      stored = withVisionPrefix(stored);
    }
    Map<String, LazyTensor> tensors = new LinkedHashMap<>(base.tensors());
    tensors.putAll(
        TensorMatcher.match(
            config.tensors(),
            recipes,
            stored,
            file.toString(),
            "the configuration of " + base.source()));
    return new ClipCheckpoint(
        base.config(),
        tensors,
        base.tokenizer(),
        base.cleaning(),
        file + " on " + base.source(),
        base.preprocessing());
  }

  /**
   * Writes a vision tower as safetensors with the names of the published {@code .pt} files, so that
   * {@code vision_model.load_state_dict(load_file(…))} takes it in open_clip.
   *
   * @param config the architecture
   * @param tensors by canonical name; those of a text tower are left out
   * @throws IllegalArgumentException if a tensor is missing or has another shape
   * @throws IOException if writing fails; what was at the place before stays
   */
  public static void write(ClipConfig config, Map<String, NDArray> tensors, Path file)
      throws IOException {
    SafetensorsWriter.write(file, withoutPrefix(config, tensors));
  }

  /**
   * Writes a vision tower as a {@code .pt} state dict, the layout of the published files: {@code
   * torch.load} reads it, also with {@code weights_only=True}.
   *
   * @param config the architecture
   * @param tensors by canonical name; those of a text tower are left out
   * @throws IllegalArgumentException if a tensor is missing or has another shape
   * @throws IOException if writing fails; what was at the place before stays
   */
  public static void writeTorch(ClipConfig config, Map<String, NDArray> tensors, Path file)
      throws IOException {
    Map<String, NDArray> vision = withoutPrefix(config, tensors);
    AtomicFile.write(
        file,
        target -> {
          OutputStream out = new BufferedOutputStream(target);
          TorchArchiveWriter.writeStateDict(vision, out);
          out.flush();
        });
  }

  private static Map<String, NDArray> withoutPrefix(
      ClipConfig config, Map<String, NDArray> tensors) {
    Map<String, NDArray> vision = new LinkedHashMap<>();
    for (Map.Entry<String, Shape> entry : config.vision().tensors().entrySet()) {
      vision.put(
          entry.getKey().substring(VisionConfig.PREFIX.length()),
          TensorMatcher.checked(entry.getKey(), entry.getValue(), tensors));
    }
    return vision;
  }

  private static Map<String, LazyTensor> visionOnly(Map<String, LazyTensor> stored, String prefix) {
    Map<String, LazyTensor> vision = new LinkedHashMap<>();
    stored.forEach(
        (name, tensor) -> {
          if (name.startsWith(prefix) || name.equals(HuggingFaceNames.VISION_PROJECTION)) {
            vision.put(name, tensor);
          }
        });
    return vision;
  }

  private static Map<String, LazyTensor> withVisionPrefix(Map<String, LazyTensor> stored) {
    Map<String, LazyTensor> prefixed = new LinkedHashMap<>();
    stored.forEach((name, tensor) -> prefixed.put(VisionConfig.PREFIX + name, tensor));
    return prefixed;
  }
}
