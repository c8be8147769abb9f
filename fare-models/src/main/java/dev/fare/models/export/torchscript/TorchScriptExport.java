package dev.fare.models.export.torchscript;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.fare.image.PixelNormalization;
import dev.fare.io.AtomicDirectory;
import dev.fare.io.AtomicFile;
import dev.fare.models.text.TextTransformer;
import dev.fare.models.vision.VisionTower;
import dev.fare.torch.TorchArchiveWriter;
import dev.fare.torch.TorchObject;
import dev.fare.torch.TorchSource;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Writes a model as a directory that DJL and DJL Serving load without this library: {@code
 * model.pt} with code and weights, {@code serving.properties}, and the tokenizer.
 *
 * <p>It needs PyTorch 2.1 or newer, of which the attention takes its scale as an argument.
 *
 * <p>The numbers are float32; {@code option.mapLocation} brings them onto whatever device the
 * application asks for. Images are normalised by the translator that {@code serving.properties}
 * names, or by the caller, as for Hugging Face's models.
 */
public final class TorchScriptExport {

  private static final String MODEL = "model.pt";
  private static final String SERVING = "serving.properties";
  private static final String TOKENIZER = "tokenizer.json";

  /** The image is normalised before it comes here. */
  private static final PixelNormalization NONE =
      new PixelNormalization(List.of(0.0, 0.0, 0.0), List.of(1.0, 1.0, 1.0));

  /**
   * The text side of a model.
   *
   * @param tower the text tower
   * @param logitScale what cosines are multiplied by
   * @param tokenizer a {@code tokenizer.json}; without one the application brings token ids
   */
  public record Text(TextTransformer tower, double logitScale, Optional<byte[]> tokenizer) {}

  private TorchScriptExport() {}

  /**
   * Writes a model. With a text side its {@code forward} takes token ids, attention mask and images
   * and gives {@code logits_per_image}, {@code logits_per_text}, {@code text_embeds} and {@code
   * image_embeds}; without one it takes images and gives embeddings. The methods {@code
   * get_image_features} and, with a text side, {@code get_text_features} give embeddings that are
   * not normalised.
   *
   * @param tower the vision tower
   * @param normalization what the translator applies to images
   * @param directory appears whole or not at all; one that was written before is replaced
   * @throws java.nio.file.FileAlreadyExistsException if the directory holds anything else
   * @throws IOException if writing fails; what was at the place before stays
   */
  public static void write(
      VisionTower tower, PixelNormalization normalization, Optional<Text> text, Path directory)
      throws IOException {
    try (NDManager owner = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
      TorchObject vision = tower.toScript(NONE, owner);
      TorchObject root = text.isPresent() ? clip(vision, text.get(), owner) : imageEncoder(vision);
      AtomicDirectory.write(
          directory,
          Set.of(MODEL, SERVING, TOKENIZER),
          fresh -> {
            AtomicFile.write(
                fresh.resolve(MODEL),
                file -> {
                  OutputStream out = new BufferedOutputStream(file);
                  TorchArchiveWriter.writeModule(root, out);
                  out.flush();
                });
            Optional<byte[]> tokenizer = text.flatMap(Text::tokenizer);
            if (tokenizer.isPresent()) {
              AtomicFile.write(fresh.resolve(TOKENIZER), tokenizer.get());
            }
            Serving serving = new Serving(tower.config().imageSize(), normalization);
            AtomicFile.write(fresh.resolve(SERVING), serving.properties(text));
          });
    }
  }

  private static TorchObject clip(TorchObject vision, Text text, NDManager owner) {
    NDArray logitScale = owner.create((float) Math.log(text.logitScale()));
    Map<String, Object> parts = new LinkedHashMap<>();
    parts.put("logit_scale", logitScale);
    parts.put("vision", vision);
    parts.put("text", text.tower().toScript());
    return new TorchObject(source("clip.py", vision), "Clip", parts);
  }

  private static TorchObject imageEncoder(TorchObject vision) {
    return new TorchObject(
        source("image_encoder.py", vision), "ImageEncoder", Map.of("vision", vision));
  }

  private static TorchSource source(String name, TorchObject vision) {
    TorchSource source = TorchSource.resource(TorchScriptExport.class, name);
    return new TorchSource(name, source.text().replace("VISION_CLASS", vision.className()));
  }
}
