package dev.fare.models.export.onnx;

import ai.djl.ndarray.types.DataType;
import com.google.gson.JsonObject;
import dev.fare.io.AtomicDirectory;
import dev.fare.io.AtomicFile;
import dev.fare.io.StrictJson;
import dev.fare.models.ClipModel;
import dev.fare.models.RobustClipEncoder;
import dev.fare.models.format.ClipCheckpoint;
import dev.fare.models.format.ClipConfig;
import dev.fare.models.format.huggingface.HuggingFaceConfig;
import dev.fare.models.format.huggingface.HuggingFaceNames;
import dev.fare.models.format.huggingface.HuggingFaceReader;
import dev.fare.models.text.ClipTokenizer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Writes a CLIP as the directory that transformers.js loads, in the layout of Hugging Face's hub:
 * {@code config.json}, {@code preprocessor_config.json}, {@code tokenizer.json} and {@code
 * tokenizer_config.json}, and in {@code onnx} the towers, {@code vision_model.onnx} and {@code
 * text_model.onnx}, and both in one, {@code model.onnx}. In FLOAT16 their names end with {@code
 * _fp16}.
 *
 * <p>Without a text tower there is {@code vision_model.onnx} alone and no tokenizer. A ConvNeXt has
 * no {@code config.json} there.
 */
public final class OnnxDirectory {

  private static final String MODELS = "onnx";
  private static final Set<String> OURS =
      Set.of(
          HuggingFaceConfig.CONFIG,
          HuggingFaceConfig.PREPROCESSOR,
          HuggingFaceConfig.TOKENIZER,
          HuggingFaceReader.TOKENIZER,
          MODELS);

  private OnnxDirectory() {}

  /**
   * Writes a model and reads the weights back.
   *
   * @param source what the encoder was loaded from
   * @param type FLOAT32 or FLOAT16
   * @param directory appears whole or not at all; one that was written before is replaced
   * @return the largest {@link OnnxExport#differenceFrom} of the files
   * @throws java.nio.file.FileAlreadyExistsException if the directory holds anything else
   * @throws IOException if writing fails; what was at the place before stays
   */
  public static double write(
      ClipCheckpoint source, RobustClipEncoder encoder, DataType type, Path directory)
      throws IOException {
    String ending = type == DataType.FLOAT16 ? "_fp16.onnx" : ".onnx";
    if (source.config().text().isEmpty()) {
      Map<String, OnnxExport> vision = Map.of("vision_model" + ending, OnnxExport.vision(encoder));
      return write(source, vision, Optional.empty(), type, directory);
    }
    Optional<byte[]> tokenizer = source.tokenizerJson();
    try (ClipModel clip = ClipModel.of(encoder.copy())) {
      Map<String, OnnxExport> exports = new LinkedHashMap<>();
      exports.put("vision_model" + ending, OnnxExport.vision(encoder));
      exports.put("text_model" + ending, OnnxExport.text(clip));
      exports.put("model" + ending, OnnxExport.clip(clip));
      return write(source, exports, tokenizer, type, directory);
    }
  }

  private static double write(
      ClipCheckpoint source,
      Map<String, OnnxExport> exports,
      Optional<byte[]> tokenizer,
      DataType type,
      Path directory)
      throws IOException {
    AtomicDirectory.write(
        directory,
        OURS,
        fresh -> {
          AtomicDirectory.replace(
              fresh.resolve(MODELS),
              models -> {
                for (Map.Entry<String, OnnxExport> export : exports.entrySet()) {
                  export.getValue().type(type).write(models.resolve(export.getKey()));
                }
              });
          writeConfigurations(source, tokenizer, type, fresh);
        });
    double difference = 0;
    for (Map.Entry<String, OnnxExport> export : exports.entrySet()) {
      Path file = directory.resolve(MODELS).resolve(export.getKey());
      difference = Math.max(difference, export.getValue().differenceFrom(file));
    }
    return difference;
  }

  private static void writeConfigurations(
      ClipCheckpoint source, Optional<byte[]> tokenizer, DataType type, Path directory)
      throws IOException {
    ClipConfig config = source.config();
    if (HuggingFaceNames.has(config.vision())) {
      JsonObject json = HuggingFaceConfig.toJson(config, type);
      StrictJson.write(directory.resolve(HuggingFaceConfig.CONFIG), json);
    }
    StrictJson.write(
        directory.resolve(HuggingFaceConfig.PREPROCESSOR),
        HuggingFaceConfig.preprocessorJson(config, source.preprocessing()));
    if (tokenizer.isPresent()) {
      byte[] json = tokenizer.get();
      AtomicFile.write(directory.resolve(HuggingFaceReader.TOKENIZER), json);
      try (ClipTokenizer words = ClipTokenizer.load(new ByteArrayInputStream(json))) {
        List<String> ends = words.ends();
        int length = config.text().orElseThrow().contextLength();
        StrictJson.write(
            directory.resolve(HuggingFaceConfig.TOKENIZER),
            HuggingFaceConfig.tokenizerJson(ends.get(0), ends.get(1), length));
      }
    }
  }
}
