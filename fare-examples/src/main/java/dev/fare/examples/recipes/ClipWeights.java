package dev.fare.examples.recipes;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import dev.fare.Precision;
import dev.fare.models.ClipInitialization;
import dev.fare.models.format.ClipConfig;
import dev.fare.models.format.huggingface.HuggingFaceWriter;
import dev.fare.models.text.TextTransformer;
import dev.fare.models.vision.VisionTransformer;
import dev.fare.models.vision.VitConfig;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** Both towers of a CLIP with fresh weights. */
public final class ClipWeights implements AutoCloseable {

  private final ClipConfig config;
  private final Map<String, NDArray> all;
  private final VisionTransformer vision;
  private final TextTransformer text;
  private final NDArray logitScale;

  /**
   * Draws the weights.
   *
   * @param config a vision transformer and a text tower
   * @param seed the same seed draws the same weights
   * @param precision of the vision tower's arithmetic; its weights are float32 in each
   * @param manager the owner of everything native, closed with this
   */
  public ClipWeights(ClipConfig config, long seed, Precision precision, NDManager manager) {
    this.config = config;
    all = ClipInitialization.random(config, seed, manager);
    Map<String, NDArray> ofVision = new LinkedHashMap<>(all);
    ofVision.keySet().removeIf(name -> !name.startsWith("visual."));
    Map<String, NDArray> ofText = new LinkedHashMap<>(all);
    ofText.keySet().removeAll(ofVision.keySet());
    NDArray scale = ofText.remove("logit_scale");
    if (scale == null) {
      throw new IllegalStateException("a CLIP has a logit scale");
    }
    logitScale = scale;
    vision =
        new VisionTransformer(
            (VitConfig) config.vision(), config.normalization(), ofVision, manager, precision);
    text = new TextTransformer(config.text().orElseThrow(), ofText, manager);
  }

  VisionTransformer vision() {
    return vision;
  }

  TextTransformer text() {
    return text;
  }

  NDArray logitScale() {
    return logitScale;
  }

  /**
   * Writes Hugging Face's layout, the tokenizer of {@link ClassSentences} included; half precision
   * halves a repository's burden.
   */
  public void write(Path directory, DataType type) throws IOException {
    Path tokenizer = Files.createTempFile("tokenizer", ".json");
    try (InputStream in = ClassSentences.tokenizerJson()) {
      Files.write(tokenizer, in.readAllBytes());
      HuggingFaceWriter.write(
          config, all, Optional.of(tokenizer), Optional.empty(), directory, type);
    } finally {
      Files.delete(tokenizer);
    }
  }

  @Override
  public void close() {
    text.close();
    vision.close();
  }
}
