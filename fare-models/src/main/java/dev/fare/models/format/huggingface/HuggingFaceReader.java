package dev.fare.models.format.huggingface;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.io.LazyTensor;
import dev.fare.models.format.ClipCheckpoint;
import dev.fare.models.format.ClipConfig;
import dev.fare.models.format.TensorMatcher;
import dev.fare.models.format.WeightDirectory;
import dev.fare.models.text.TextCleaning;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads directories of Hugging Face's CLIPModel and its vision-only relatives. */
public final class HuggingFaceReader {

  public static final String TOKENIZER = "tokenizer.json";

  public static final String[] WEIGHTS = {"model.safetensors", "pytorch_model.bin"};

  private static final Logger log = LoggerFactory.getLogger(HuggingFaceReader.class);

  private HuggingFaceReader() {}

  /** Whether a directory has a configuration of CLIP and weights in this layout. */
  public static boolean accepts(Path directory) throws IOException {
    return HuggingFaceConfig.isClip(directory.resolve(HuggingFaceConfig.CONFIG))
        && WeightDirectory.exist(directory, WEIGHTS);
  }

  public static ClipCheckpoint read(Path directory) throws IOException {
    return read(directory, WeightDirectory.need(directory, WEIGHTS));
  }

  /** Reads a directory with weights of whichever name. */
  public static ClipCheckpoint read(Path directory, WeightDirectory files) throws IOException {
    Path configFile = directory.resolve(HuggingFaceConfig.CONFIG);
    HuggingFaceConfig config = HuggingFaceConfig.read(configFile);
    Map<String, LazyTensor> stored =
        HuggingFaceNames.withoutWrapper(files.tensors(), files.origin());
    boolean hasText =
        !config.isVisionOnly()
            && (stored.keySet().stream().anyMatch(n -> n.startsWith(HuggingFaceNames.TEXT_PREFIX))
                || config.architecture().filter("CLIPModel"::equals).isPresent());
    boolean hasProjection =
        stored.containsKey(HuggingFaceNames.VISION_PROJECTION)
            || config.architecture().filter("CLIPVisionModel"::equals).isEmpty();
    ClipConfig clip = config.toClipConfig(hasText, hasProjection, directory);
    if (!hasProjection) {
      log.info("{} is a CLIPVisionModel: its embedding is the pooled class token", directory);
      stored.put(HuggingFaceNames.VISION_PROJECTION, new Identity(clip.vision().embeddingSize()));
    }
    Map<String, LazyTensor> tensors =
        TensorMatcher.match(
            clip.tensors(),
            HuggingFaceNames.of(clip),
            stored,
            files.origin(),
            configFile.toString());
    Path tokenizer = directory.resolve(TOKENIZER);
    return new ClipCheckpoint(
        clip,
        tensors,
        Files.exists(tokenizer) ? Optional.of(tokenizer) : Optional.empty(),
        TextCleaning.HUGGING_FACE,
        directory.toString(),
        HuggingFaceConfig.pictures(directory, clip));
  }

  /** The projection of a tower that has none. */
  public record Identity(int size) implements LazyTensor {
    @Override
    public Shape shape() {
      return new Shape(size, size);
    }

    @Override
    public NDArray read(NDManager manager) {
      return manager.eye(size);
    }
  }
}
