package dev.fare.models.format.openai;

import ai.djl.ndarray.types.Shape;
import dev.fare.image.PixelNormalization;
import dev.fare.io.LazyTensor;
import dev.fare.io.ModelFormatException;
import dev.fare.models.format.ClipCheckpoint;
import dev.fare.models.format.ClipConfig;
import dev.fare.models.format.TensorMatcher;
import dev.fare.models.format.pickle.ScriptObject;
import dev.fare.models.format.pickle.TorchTensors;
import dev.fare.models.text.TextConfig;
import dev.fare.models.transformer.Activation;
import dev.fare.models.vision.VitConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * OpenAI's TorchScript archives of CLIP ({@code ViT-B-32.pt}): the architecture follows from the
 * shapes as in OpenAI's own loader, the activation from the class name of its module.
 */
public final class OpenAiArchive {

  /** OpenAI's loader: the number of heads is the width by 64. */
  private static final int HEAD_WIDTH = 64;

  private static final double LAYER_NORM_EPSILON = 1e-5;
  private static final Set<String> CONSTANTS =
      Set.of("input_resolution", "context_length", "vocab_size");

  private final Map<String, LazyTensor> tensors = new LinkedHashMap<>();
  private final ScriptObject module;
  private final Path file;

  private OpenAiArchive(Path file, Map<String, LazyTensor> tensors, ScriptObject module) {
    this.file = file;
    this.module = module;
    tensors.forEach(
        (name, tensor) -> {
          if (!CONSTANTS.contains(name) && !name.endsWith(".attn_mask")) {
            this.tensors.put(name, tensor);
          }
        });
  }

  public static ClipCheckpoint read(Path file, Map<String, LazyTensor> tensors, ScriptObject module)
      throws IOException {
    return new OpenAiArchive(file, tensors, module).read();
  }

  private ClipCheckpoint read() throws IOException {
    ClipConfig config =
        ModelFormatException.whereFileIsWrong(
            file.toString(),
            () -> new ClipConfig(vision(), Optional.of(text()), PixelNormalization.CLIP));
    return new ClipCheckpoint(
        config,
        TensorMatcher.match(config.tensors(), Map.of(), tensors, file.toString(), "its own shapes"),
        Optional.empty(),
        file.toString());
  }

  private VitConfig vision() throws ModelFormatException {
    Shape patches = shape("visual.conv1.weight", 4);
    int width = Math.toIntExact(patches.get(0));
    int patchSize = Math.toIntExact(patches.get(2));
    int grid = (int) Math.round(Math.sqrt(shape("visual.positional_embedding", 2).get(0) - 1.0));
    return new VitConfig(
        Math.multiplyExact(patchSize, grid),
        patchSize,
        width,
        layers("visual.transformer.resblocks."),
        width / HEAD_WIDTH,
        Math.toIntExact(shape("visual.transformer.resblocks.0.mlp.c_fc.weight", 2).get(0)),
        Math.toIntExact(shape("visual.proj", 2).get(1)),
        activation("visual.transformer.resblocks.0.mlp.gelu"),
        LAYER_NORM_EPSILON);
  }

  private TextConfig text() throws ModelFormatException {
    int width = Math.toIntExact(shape("ln_final.weight", 1).get(0));
    return new TextConfig(
        Math.toIntExact(shape("positional_embedding", 2).get(0)),
        Math.toIntExact(shape("token_embedding.weight", 2).get(0)),
        width,
        layers("transformer.resblocks."),
        width / HEAD_WIDTH,
        Math.toIntExact(shape("transformer.resblocks.0.mlp.c_fc.weight", 2).get(0)),
        Math.toIntExact(shape("text_projection", 2).get(1)),
        activation("transformer.resblocks.0.mlp.gelu"),
        LAYER_NORM_EPSILON,
        OptionalInt.empty());
  }

  private int layers(String prefix) {
    int layers = 0;
    while (tensors.containsKey(prefix + layers + ".ln_1.weight")) {
      layers++;
    }
    return layers;
  }

  private Shape shape(String name, int dimensions) throws ModelFormatException {
    LazyTensor tensor = tensors.get(name);
    if (tensor == null
        || tensor.shape().dimension() != dimensions
        || tensor.shape().size() > Integer.MAX_VALUE) {
      throw new ModelFormatException(
          file
              + ": a TorchScript archive of CLIP with a vision transformer must have a tensor '"
              + name
              + "' of "
              + dimensions
              + " dimensions, got "
              + (tensor == null ? "none" : tensor.shape()));
    }
    return tensor.shape();
  }

  private Activation activation(String path) throws ModelFormatException {
    String name = TorchTensors.module(module, path).map(ScriptObject::simpleName).orElse("none");
    return switch (name) {
      case "QuickGELU" -> Activation.QUICK_GELU;
      case "GELU" -> Activation.GELU;
      default ->
          throw new ModelFormatException(
              file + ": the module " + path + " must be a QuickGELU or a GELU, got " + name);
    };
  }
}
