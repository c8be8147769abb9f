package dev.fare.models;

import static java.util.Objects.requireNonNull;

import dev.fare.io.LazyTensor;
import dev.fare.io.ModelFormatException;
import dev.fare.models.format.ClipArchitectures;
import dev.fare.models.format.ClipCheckpoint;
import dev.fare.models.format.ClipConfig;
import dev.fare.models.format.TensorMatcher;
import dev.fare.models.format.WeightDirectory;
import dev.fare.models.format.WeightFile;
import dev.fare.models.format.WeightMapping;
import dev.fare.models.format.huggingface.HuggingFaceConfig;
import dev.fare.models.format.huggingface.HuggingFaceNames;
import dev.fare.models.format.huggingface.HuggingFaceReader;
import dev.fare.models.format.openai.OpenAiArchive;
import dev.fare.models.format.openclip.OpenClipConfig;
import dev.fare.models.format.openclip.OpenClipReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * Reads CLIP models, whatever layout they are in; the layout is found by content.
 *
 * <p>Configuration and list of tensors are read and checked against each other at once, values when
 * {@link LazyTensor#read} asks for them, so the files must stay. Nothing stays open in between.
 */
public final class ClipCheckpoints {

  private ClipCheckpoints() {}

  /**
   * Reads a model that brings its configuration.
   *
   * @param path a directory in Hugging Face's or open_clip's layout, a weight file in such a
   *     directory, or a TorchScript archive of OpenAI's
   * @throws ModelFormatException if it is no such model, if configuration and tensors don't match,
   *     or if something is left open that would change the outputs
   * @throws IOException if a file can't be read
   */
  public static ClipCheckpoint read(Path path) throws IOException {
    checkExists(path);
    if (Files.isDirectory(path)) {
      return readDirectory(path);
    }
    WeightFile file = WeightFile.read(path);
    if (file.module().isPresent()) {
      return OpenAiArchive.read(path, file.tensors(), file.module().get());
    }
    Path directory = requireNonNull(path.toAbsolutePath().getParent());
    WeightDirectory weights = new WeightDirectory(file.unwrapped(), path.toString());
    boolean isHuggingFace = HuggingFaceNames.areIn(file.tensors());
    if (isHuggingFace && HuggingFaceConfig.isClip(directory.resolve(HuggingFaceConfig.CONFIG))) {
      return HuggingFaceReader.read(directory, weights);
    }
    if (!isHuggingFace && Files.exists(directory.resolve(OpenClipConfig.FILE))) {
      return OpenClipReader.read(directory, weights);
    }
    throw new ModelFormatException(
        path
            + ": the file brings no configuration, and none lies beside it. Name the architecture,"
            + " as in ClipCheckpoints.read(file, ClipArchitectures.named(\"ViT-L-14-quickgelu\")),"
            + " or put a vision tower onto its base with VisionTowerFile.read(file, base)");
  }

  /**
   * Reads a single weight file of a whole model that brings no configuration.
   *
   * @param file with the names of open_clip, OpenAI or Hugging Face
   * @param config the architecture, for example of {@link ClipArchitectures#named}
   * @throws ModelFormatException if the tensors are not those of the architecture
   * @throws IOException if the file can't be read
   */
  public static ClipCheckpoint read(Path file, ClipConfig config) throws IOException {
    checkExists(file);
    Map<String, LazyTensor> stored = WeightFile.read(file).unwrapped();
    Map<String, WeightMapping> recipes = Map.of();
    if (HuggingFaceNames.has(config.vision()) && HuggingFaceNames.areIn(stored)) {
      stored = HuggingFaceNames.withoutWrapper(stored, file.toString());
      recipes = HuggingFaceNames.of(config);
    } else {
      stored = OpenClipReader.withoutCustomText(stored);
    }
    return new ClipCheckpoint(
        config,
        TensorMatcher.match(config.tensors(), recipes, stored, file.toString(), config.toString()),
        Optional.empty(),
        file.toString());
  }

  private static ClipCheckpoint readDirectory(Path directory) throws IOException {
    if (HuggingFaceReader.accepts(directory)) {
      return HuggingFaceReader.read(directory);
    }
    if (OpenClipReader.accepts(directory)) {
      return OpenClipReader.read(directory);
    }
    if (Files.exists(directory.resolve(HuggingFaceConfig.CONFIG))) {
      return HuggingFaceReader.read(directory); // It says what is missing.
    }
    throw new ModelFormatException(
        directory
            + ": no known layout; there must be a config.json with "
            + String.join(" or ", HuggingFaceReader.WEIGHTS)
            + ", or an open_clip_config.json with "
            + String.join(" or ", OpenClipReader.WEIGHTS));
  }

  private static void checkExists(Path path) throws NoSuchFileException {
    if (!Files.exists(path)) {
      throw new NoSuchFileException(path.toString(), null, "there is no model here");
    }
  }
}
