package dev.fare.models.export.gguf;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import dev.fare.image.PixelNormalization;
import dev.fare.io.LazyTensor;
import dev.fare.io.ModelFormatException;
import dev.fare.models.RobustClipEncoder;
import dev.fare.models.TokenLayer;
import dev.fare.models.format.huggingface.HuggingFaceWriter;
import dev.fare.models.transformer.Activation;
import dev.fare.models.vision.VisionConfig;
import dev.fare.models.vision.VitConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * llama.cpp's {@code mmproj}: the vision tower and projector of a LLaVA in one GGUF file.
 *
 * <pre>{@code
 * Mmproj.read(Path.of("mmproj-model-f16.gguf")).withVisionTower(encoder, Path.of("mmproj-fare4-f16.gguf"));
 * }</pre>
 *
 * <p>The names of the old conversion script and of the current one are read, whichever way round a
 * block's MLP is named. A file may hold fewer blocks than the tower has: LLaVA does not read the
 * last one.
 */
public final class Mmproj {

  private static final double NORMALIZATION_TOLERANCE = 1e-6;

  private static final String FEATURE_LAYER = "clip.vision.feature_layer";
  private static final String BLOCKS = "clip.vision.block_count";

  private final GgufFile file;
  private final MmprojNames names;
  private final Optional<TokenLayer> layer;

  private Mmproj(GgufFile file, MmprojNames names, Optional<TokenLayer> layer) {
    this.file = file;
    this.names = names;
    this.layer = layer;
  }

  /**
   * Reads and checks the header of an {@code mmproj} file.
   *
   * @throws ModelFormatException if it is no valid GGUF file, or has no CLIP vision tower
   * @throws IOException if the file can't be read
   */
  public static Mmproj read(Path path) throws IOException {
    GgufFile file = GgufFile.read(path);
    if (!"clip".equals(file.metadata().get("general.architecture"))
        || !Boolean.TRUE.equals(file.metadata().get("clip.has_vision_encoder"))
        || !file.tensors().containsKey("v.class_embd")) {
      throw new ModelFormatException(
          path
              + ": an mmproj file has the architecture 'clip', a vision encoder and a tensor"
              + " v.class_embd; this one has the architecture '"
              + file.metadata().get("general.architecture")
              + "' and "
              + file.tensors().size()
              + " tensors");
    }
    return new Mmproj(file, new MmprojNames(swapsMlp(file)), Optional.empty());
  }

  /** As llama.cpp decides it: whether the layer named "down" takes a token. */
  private static boolean swapsMlp(GgufFile file) throws ModelFormatException {
    GgufTensor down = file.tensors().get("v.blk.0.ffn_down.weight");
    Object width = file.metadata().get("clip.vision.embedding_length");
    if (down != null && down.shape().dimension() != 2) {
      throw new ModelFormatException(
          file.path()
              + ": tensor '"
              + down.name()
              + "' must have 2 dimensions, got "
              + down.shape());
    }
    return down != null && width instanceof Long tokens && down.shape().get(1) == tokens;
  }

  /** The file. */
  public GgufFile file() {
    return file;
  }

  /**
   * The tensors of vision tower and projector under Hugging Face's names: {@code
   * vision_model.encoder.layers.0.self_attn.q_proj.weight}, {@code
   * multi_modal_projector.linear_1.weight}.
   *
   * @throws ModelFormatException if one is quantised
   */
  public Map<String, LazyTensor> tensors() throws ModelFormatException {
    Map<String, LazyTensor> tensors = new LinkedHashMap<>();
    for (String name : file.tensors().keySet()) {
      Optional<String> target = names.huggingFace(name);
      if (target.isPresent()) {
        tensors.put(target.get(), file.tensor(name));
      }
    }
    return tensors;
  }

  /**
   * Writes this file with another vision tower in it. Metadata, projector and everything else stay
   * byte for byte; the tower's tensors keep the types that they have here, quantised ones become
   * f16.
   *
   * @param encoder of the architecture, image size and normalisation that the metadata names
   * @throws IllegalArgumentException if the encoder differs from the metadata in something that
   *     changes what the file computes
   * @throws ModelFormatException if this file's tower has a tensor that a CLIP has not, or one of
   *     another shape
   * @throws IOException if this file can't be read any more, or writing fails; what was at the
   *     place before stays
   */
  public void withVisionTower(RobustClipEncoder encoder, Path target) throws IOException {
    VitConfig config = encoder.config().vision().match(vit -> vit, Mmproj::refuse);
    check(config, encoder.config().normalization());
    try (NDManager scope = NDManager.newBaseManager(encoder.device(), "PyTorch")) {
      Map<String, NDArray> tower =
          HuggingFaceWriter.visionTensors(config, encoder.parameters(), scope);
      Map<String, NDArray> replaced = new LinkedHashMap<>();
      for (GgufTensor tensor : file.tensors().values()) {
        if (tensor.name().startsWith("v.")) {
          replaced.put(tensor.name(), replacement(tensor, tower));
        }
      }
      GgufWriter.write(file, layerOf(config), replaced, target);
    }
  }

  /**
   * The same file, written with {@code clip.vision.feature_layer}: how many blocks llama.cpp runs.
   * Where a LLaVA's file does not say so, llama.cpp (seen in b10256) leaves out one block more than
   * LLaVA does.
   *
   * @param tokens of the layer that the projector takes, {@link TokenLayer#LLAVA} in all published
   *     ones
   */
  public Mmproj withFeatureLayer(TokenLayer tokens) {
    return new Mmproj(file, names, Optional.of(tokens));
  }

  private GgufMetadata layerOf(VitConfig config) {
    GgufMetadata further = new GgufMetadata();
    if (layer.isPresent()) {
      int depth = layer.get().depthIn(config);
      List<?> wanted = List.of(depth);
      if (file.metadata().get(BLOCKS) instanceof Long blocks && blocks < depth) {
        throw differs(BLOCKS, blocks, "at least " + depth);
      }
      Object stored = file.metadata().get(FEATURE_LAYER);
      if (stored == null) {
        further.numbers(FEATURE_LAYER, List.of(depth));
      } else if (!stored.equals(wanted)) {
        throw differs(FEATURE_LAYER, stored, wanted);
      }
    }
    return further;
  }

  /**
   * Writes a new file, in which llama.cpp finds everything that it asks for; {@code
   * clip.vision.feature_layer} is among it. It holds the blocks that the tokens need.
   *
   * @param projector by Hugging Face's names without {@code multi_modal_projector.}: {@code
   *     linear_1.weight}, {@code linear_1.bias}, {@code linear_2.weight}, {@code linear_2.bias}
   * @param tokens that the projector takes, patch tokens before the last normalisation
   * @param type of matrices, FLOAT32 or FLOAT16; patches are embedded in FLOAT16 in any case, as
   *     llama.cpp wants it
   * @return the length of the difference between the file's weights and the given ones, relative to
   *     their length
   * @throws IllegalArgumentException if llama.cpp can't take these tokens
   * @throws IOException if writing fails; what was at the place before stays
   */
  public static double write(
      RobustClipEncoder encoder,
      Map<String, LazyTensor> projector,
      TokenLayer tokens,
      DataType type,
      Path target)
      throws IOException {
    VitConfig config = encoder.config().vision().match(vit -> vit, Mmproj::refuse);
    checkArgument(
        !tokens.classToken() && !tokens.postNorm(),
        "llama.cpp takes patch tokens before the last normalisation, got %s",
        tokens);
    int depth = tokens.depthIn(config);
    MmprojNames names = new MmprojNames(true); // as every version of llama.cpp reads it
    try (NDManager scope = NDManager.newBaseManager(encoder.device(), "PyTorch")) {
      Map<String, LazyTensor> given = new LinkedHashMap<>();
      HuggingFaceWriter.visionTensors(config, encoder.parameters(), scope)
          .forEach((name, tensor) -> given.put(name, LazyTensor.of(tensor)));
      projector.forEach((name, tensor) -> given.put("multi_modal_projector." + name, tensor));
      Map<String, LazyTensor> ours = new LinkedHashMap<>();
      for (String name : MmprojNames.of(depth)) {
        ours.put(name, requireNonNull(given.get(names.huggingFace(name).orElseThrow()), name));
      }
      Map<String, GgufData> data = new LinkedHashMap<>();
      ours.forEach(
          (name, tensor) ->
              data.put(
                  name,
                  GgufData.of(
                      tensor, name.equals("v.patch_embd.weight") ? DataType.FLOAT16 : type)));
      return GgufFile.write(metadata(config, encoder, depth, type), data, target)
          .differenceFrom(ours);
    }
  }

  private static GgufMetadata metadata(
      VitConfig config, RobustClipEncoder encoder, int depth, DataType type) {
    PixelNormalization normalization = encoder.config().normalization();
    return new GgufMetadata()
        .text("general.architecture", "clip")
        .number("general.file_type", type == DataType.FLOAT16 ? 1 : 0)
        .text("general.description", "image encoder for LLaVA")
        .flag("clip.has_text_encoder", false)
        .flag("clip.has_vision_encoder", true)
        .flag("clip.has_llava_projector", true)
        .text("clip.projector_type", "mlp")
        .number("clip.vision.image_size", config.imageSize())
        .number("clip.vision.patch_size", config.patchSize())
        .number("clip.vision.embedding_length", config.width())
        .number("clip.vision.feed_forward_length", config.mlpWidth())
        .number("clip.vision.projection_dim", config.embeddingSize())
        .number("clip.vision.attention.head_count", config.heads())
        .real("clip.vision.attention.layer_norm_epsilon", config.layerNormEpsilon())
        .number(BLOCKS, depth)
        .numbers(FEATURE_LAYER, List.of(depth))
        .reals("clip.vision.image_mean", normalization.mean())
        .reals("clip.vision.image_std", normalization.std())
        .flag("clip.use_gelu", config.activation() == Activation.GELU);
  }

  private static VitConfig refuse(VisionConfig vision) {
    throw new IllegalArgumentException(
        "an mmproj of LLaVA holds a vision transformer, got " + vision);
  }

  private NDArray replacement(GgufTensor tensor, Map<String, NDArray> tower)
      throws ModelFormatException {
    NDArray ours = names.huggingFace(tensor.name()).map(tower::get).orElse(null);
    if (ours == null) {
      throw new ModelFormatException(
          file.path()
              + ": the vision tower has a tensor '"
              + tensor.name()
              + "', which the given CLIP has not");
    }
    if (!ours.getShape().equals(tensor.shape())) {
      throw new ModelFormatException(
          file.path()
              + ": tensor '"
              + tensor.name()
              + "' has the shape "
              + tensor.shape()
              + ", the given CLIP's has "
              + ours.getShape());
    }
    return ours;
  }

  private void check(VitConfig config, PixelNormalization normalization) {
    same("clip.vision.image_size", (long) config.imageSize());
    same("clip.vision.patch_size", (long) config.patchSize());
    same("clip.vision.embedding_length", (long) config.width());
    same("clip.vision.feed_forward_length", (long) config.mlpWidth());
    same("clip.vision.attention.head_count", (long) config.heads());
    same("clip.vision.attention.layer_norm_epsilon", (float) config.layerNormEpsilon());
    same("clip.use_gelu", config.activation() == Activation.GELU);
    same("clip.vision.image_mean", normalization.mean());
    same("clip.vision.image_std", normalization.std());
    if (file.metadata().get(BLOCKS) instanceof Long blocks && blocks > config.layers()) {
      throw differs(BLOCKS, blocks, "up to " + config.layers());
    }
  }

  private void same(String key, Object ours) {
    Object theirs = file.metadata().get(key);
    if (theirs == null && key.equals("clip.use_gelu")) {
      theirs = false; // llama.cpp's default
    }
    if (!Objects.equals(theirs, ours)) {
      throw differs(key, theirs, ours);
    }
  }

  private void same(String key, List<Double> ours) {
    Object theirs = file.metadata().get(key);
    List<?> values = theirs instanceof List<?> list ? list : List.of();
    boolean isSame = values.size() == ours.size();
    for (int i = 0; isSame && i < ours.size(); i++) {
      isSame =
          values.get(i) instanceof Number value
              && Math.abs(value.doubleValue() - ours.get(i)) < NORMALIZATION_TOLERANCE;
    }
    if (!isSame) {
      throw differs(key, theirs, ours);
    }
  }

  private IllegalArgumentException differs(String key, @Nullable Object theirs, Object ours) {
    return new IllegalArgumentException(
        file.path()
            + ": "
            + key
            + " is "
            + theirs
            + ", the given encoder's is "
            + ours
            + "; take an encoder of the file's architecture, at the file's image size by"
            + " RobustClipEncoder.builder(path).imageSize(pixels)");
  }
}
