package dev.fare.models.export.onnx;

import static com.google.common.base.Preconditions.checkArgument;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.fare.image.PixelNormalization;
import dev.fare.io.LazyTensor;
import dev.fare.io.ModelFormatException;
import dev.fare.models.ClipModel;
import dev.fare.models.RobustClipEncoder;
import dev.fare.models.TokenLayer;
import dev.fare.models.format.WeightDifference;
import dev.fare.models.text.TextConfig;
import dev.fare.models.text.TextTransformer;
import dev.fare.models.vision.VisionConfig;
import dev.fare.torch.GradMode;
import dev.fare.torch.TensorScope;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Writes a tower as an ONNX file that runs without this library, under the names of Hugging Face's
 * exporters.
 *
 * <pre>{@code
 * OnnxExport.vision(encoder).outputs("image_embeds").write(Path.of("vision_model.onnx"));
 * }</pre>
 *
 * <p>{@code pixel_values} are what Hugging Face's processors give: {@code (pixels − mean) / std},
 * {@code [N,3,S,S]} float32 with any N. Embeddings are not normalised. Inputs and outputs are
 * float32, whatever is inside. The graph is of opset 17, the first with layer normalisation as one
 * operation; attention and activations are spelt as optimisers look for them.
 *
 * <p>Weights beyond what a message of protocol buffers can hold go to a file beside, named like the
 * model with {@code _data} behind; the two belong together.
 */
public final class OnnxExport {

  /** Builds what is asked for, when the type inside is known. */
  private interface Builder {
    void build(OnnxGraph graph, Set<String> outputs);
  }

  private static final String IMAGE_EMBEDS = "image_embeds";
  private static final String TEXT_EMBEDS = "text_embeds";
  private static final String LAST_HIDDEN_STATE = "last_hidden_state";
  private static final String HIDDEN_STATE = "hidden_states.";
  private static final String IMAGES = "image_batch_size";
  private static final String TEXTS = "text_batch_size";

  private final String name;
  private final Set<String> allowed;
  private final Builder builder;
  private Set<String> outputs;
  private DataType type = DataType.FLOAT32;
  private boolean isExternal;

  private OnnxExport(String name, Set<String> allowed, Set<String> outputs, Builder builder) {
    this.name = name;
    this.allowed = allowed;
    this.outputs = outputs;
    this.builder = builder;
  }

  /**
   * The vision tower: {@code pixel_values} to {@code image_embeds [N,D]}, {@code last_hidden_state}
   * and {@code hidden_states.0} to {@code hidden_states.L}, all {@code [N,T,C]} with the class
   * token first and without the final normalisation. Written are {@code image_embeds} and {@code
   * last_hidden_state} unless {@link #outputs} says otherwise.
   *
   * @param encoder as it is when {@link #write} is called
   */
  public static OnnxExport vision(RobustClipEncoder encoder) {
    Set<String> allowed = new LinkedHashSet<>(List.of(IMAGE_EMBEDS, LAST_HIDDEN_STATE));
    VisionConfig config = encoder.config().vision();
    for (int i = 0; i <= config.depth(); i++) {
      allowed.add(HIDDEN_STATE + i);
    }
    return new OnnxExport(
        "vision_model",
        allowed,
        Set.of(IMAGE_EMBEDS, LAST_HIDDEN_STATE),
        (graph, outputs) -> buildVision(encoder, graph, outputs));
  }

  /**
   * The text tower: {@code input_ids} and {@code attention_mask}, both {@code [N,T]} int64 with T
   * up to the context length, to {@code text_embeds [N,D]} and {@code last_hidden_state [N,T,C]}
   * after the final normalisation.
   *
   * @param clip as it is when {@link #write} is called
   */
  public static OnnxExport text(ClipModel clip) {
    Set<String> outputs = Set.of(TEXT_EMBEDS, LAST_HIDDEN_STATE);
    return new OnnxExport(
        "text_model",
        outputs,
        outputs,
        (graph, wanted) -> buildText(clip.textEncoder(), graph, wanted));
  }

  /**
   * Both towers: {@code input_ids} and {@code attention_mask [M,T]} and {@code pixel_values
   * [N,3,S,S]} to {@code logits_per_image [N,M]}, {@code logits_per_text [M,N]}, {@code text_embeds
   * [M,D]} and {@code image_embeds [N,D]}. Embeddings have unit length here, as those of Hugging
   * Face's CLIPModel.
   *
   * @param clip as it is when {@link #write} is called
   */
  public static OnnxExport clip(ClipModel clip) {
    Set<String> outputs = Set.of("logits_per_image", "logits_per_text", TEXT_EMBEDS, IMAGE_EMBEDS);
    return new OnnxExport("model", outputs, outputs, (graph, wanted) -> buildClip(clip, graph));
  }

  /**
   * A LLaVA's vision encoder with its projector: {@code pixel_values} to {@code image_features
   * [N,T,K]}, which take the place of the image's tokens.
   *
   * @param encoder whose tokens the projector takes
   * @param projector tensors of the LLaVA, by the names of Hugging Face ({@code
   *     multi_modal_projector.linear_1.weight}) or of the original ({@code
   *     model.mm_projector.0.weight}); those of other parts are not looked at
   * @param layer which tokens the projector takes, {@link TokenLayer#LLAVA} in all published ones
   */
  public static OnnxExport llava(
      RobustClipEncoder encoder, Map<String, NDArray> projector, TokenLayer layer) {
    checkArgument(!layer.postNorm(), "LLaVA's tokens are not normalised, got %s", layer);
    Shape tokens = layer.shapeIn(encoder.config().vision());
    ProjectorLayers found = ProjectorLayers.find(projector, Math.toIntExact(tokens.get(1)));
    Set<String> outputs = Set.of("image_features");
    return new OnnxExport(
        "vision_encoder",
        outputs,
        outputs,
        (graph, wanted) -> buildLlava(encoder, found, layer, graph));
  }

  /**
   * Chooses the outputs. What only other outputs need is left out of the graph.
   *
   * @throws IllegalArgumentException if one is not among those of the tower
   */
  public OnnxExport outputs(String... names) {
    Set<String> chosen = new LinkedHashSet<>(List.of(names));
    if (chosen.isEmpty() || !allowed.containsAll(chosen)) {
      throw new IllegalArgumentException("outputs must be among " + allowed + ", got " + chosen);
    }
    outputs = chosen;
    return this;
  }

  /** Chooses the numbers inside: FLOAT32, or FLOAT16 at half the size and rounded. */
  public OnnxExport type(DataType type) {
    checkArgument(
        type == DataType.FLOAT32 || type == DataType.FLOAT16,
        "numbers can be FLOAT32 or FLOAT16, got %s",
        type);
    this.type = type;
    return this;
  }

  /** Whether the weights go into a file beside also where they would fit into the model's. */
  public OnnxExport externalData(boolean value) {
    isExternal = value;
    return this;
  }

  /**
   * Writes the file.
   *
   * @throws IOException if writing fails; what was at the place before stays
   */
  public void write(Path file) throws IOException {
    new OnnxFile(file, isExternal).write(graph(), name);
  }

  /**
   * Reads the weights of a written file back and compares them with what the model has now. The
   * graph is not run.
   *
   * @return the length of the difference of all weights, relative to their length: 0 in FLOAT32,
   *     what rounding makes in FLOAT16
   * @throws ModelFormatException if the file is damaged, or has not these weights in these shapes
   * @throws IOException if it can't be read
   */
  public double differenceFrom(Path file) throws IOException {
    Map<String, LazyTensor> stored = OnnxWeights.read(file);
    WeightDifference difference = new WeightDifference();
    for (OnnxWeight weight : graph().weights()) {
      LazyTensor tensor = stored.get(weight.name());
      if (tensor == null || !tensor.shape().equals(weight.shape())) {
        throw new ModelFormatException(
            file + ": tensor '" + weight.name() + "' of shape " + weight.shape() + " is missing");
      }
      try (TensorScope scope = TensorScope.of(weight.source());
          GradMode off = GradMode.noGrad()) {
        difference.add(tensor.read(scope.manager()), weight.values(scope));
      }
    }
    return difference.relative();
  }

  private OnnxGraph graph() {
    OnnxGraph graph = new OnnxGraph(type);
    builder.build(graph, outputs);
    return graph;
  }

  private static void buildVision(RobustClipEncoder encoder, OnnxGraph graph, Set<String> outputs) {
    VisionConfig config = encoder.config().vision();
    VisionGraph tower = VisionGraph.of(config, encoder.parameters(), graph);
    int depth = outputs.contains(IMAGE_EMBEDS) ? tower.embeddingDepth() : 0;
    for (int i = 0; i <= config.depth(); i++) {
      boolean isLast = i == config.depth() && outputs.contains(LAST_HIDDEN_STATE);
      if (isLast || outputs.contains(HIDDEN_STATE + i)) {
        depth = Math.max(depth, i);
      }
    }
    List<String> states = tower.hiddenStates(pixels(encoder, graph, OnnxGraph.BATCH), depth);
    if (outputs.contains(IMAGE_EMBEDS)) {
      long size = config.embeddingSize();
      graph.output(IMAGE_EMBEDS, tower.embed(states), OnnxGraph.BATCH, size);
    }
    if (outputs.contains(LAST_HIDDEN_STATE)) {
      graph.output(LAST_HIDDEN_STATE, states.get(depth), stateShape(config, depth));
    }
    for (int i = 0; i < states.size(); i++) {
      if (outputs.contains(HIDDEN_STATE + i)) {
        graph.output(HIDDEN_STATE + i, states.get(i), stateShape(config, i));
      }
    }
  }

  private static Object[] stateShape(VisionConfig config, int depth) {
    Shape shape = config.hiddenShape(depth);
    return new Object[] {OnnxGraph.BATCH, shape.get(0), shape.get(1)};
  }

  private static void buildLlava(
      RobustClipEncoder encoder, ProjectorLayers projector, TokenLayer layer, OnnxGraph graph) {
    VisionConfig config = encoder.config().vision();
    VisionGraph tower = VisionGraph.of(config, encoder.parameters(), graph);
    int depth = layer.depthIn(config);
    String tokens = tower.hiddenStates(pixels(encoder, graph, OnnxGraph.BATCH), depth).get(depth);
    if (!layer.classToken()) {
      tokens = tower.patchTokens(tokens);
    }
    graph.output(
        "image_features",
        projector.project(tokens, graph),
        OnnxGraph.BATCH,
        layer.shapeIn(config).get(0),
        (long) projector.outputs());
  }

  private static String pixels(RobustClipEncoder encoder, OnnxGraph graph, String batch) {
    PixelNormalization normalization = encoder.config().normalization();
    long size = encoder.imageSize();
    return graph.input(
        "pixel_values",
        DataType.FLOAT32,
        "RGB in [0,1], minus the mean "
            + normalization.mean()
            + ", divided by the standard deviation "
            + normalization.std(),
        batch,
        3L,
        size,
        size);
  }

  private static void buildText(TextTransformer text, OnnxGraph graph, Set<String> outputs) {
    TextConfig config = text.config();
    TextGraph tower = new TextGraph(config, text.parameters(), graph);
    String ids = tower.ids(OnnxGraph.BATCH);
    String tokens = tower.lastHiddenState(ids, tower.mask(OnnxGraph.BATCH));
    if (outputs.contains(TEXT_EMBEDS)) {
      String embeds = tower.embedText(tokens, ids);
      graph.output(TEXT_EMBEDS, embeds, OnnxGraph.BATCH, (long) config.embeddingSize());
    }
    if (outputs.contains(LAST_HIDDEN_STATE)) {
      long width = config.width();
      graph.output(LAST_HIDDEN_STATE, tokens, OnnxGraph.BATCH, TextGraph.LENGTH, width);
    }
  }

  private static void buildClip(ClipModel clip, OnnxGraph graph) {
    RobustClipEncoder encoder = clip.imageEncoder();
    VisionConfig config = encoder.config().vision();
    VisionGraph vision = VisionGraph.of(config, encoder.parameters(), graph);
    String pixels = pixels(encoder, graph, IMAGES);
    String image = vision.embed(vision.hiddenStates(pixels, vision.embeddingDepth()));
    TextTransformer tower = clip.textEncoder();
    TextGraph text = new TextGraph(tower.config(), tower.parameters(), graph);
    String ids = text.ids(TEXTS);
    String embeds = text.embedText(text.lastHiddenState(ids, text.mask(TEXTS)), ids);
    new Similarity(graph, IMAGES, TEXTS, config.embeddingSize())
        .add(image, embeds, clip.logitScale());
  }

  @Override
  public String toString() {
    return "OnnxExport[%s, %s, outputs %s]".formatted(name, type, outputs);
  }
}
