package dev.fare.vlm.llava;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import ai.djl.Device;
import ai.djl.modality.cv.Image;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.fare.Precision;
import dev.fare.image.ClipPreprocessing;
import dev.fare.image.PixelImage;
import dev.fare.models.RobustClipEncoder;
import dev.fare.torch.GradMode;
import dev.fare.torch.TensorScope;
import dev.fare.torch.TorchDevices;
import dev.fare.vlm.PromptBatch;
import dev.fare.vlm.TextListener;
import dev.fare.vlm.VisionLanguageModel;
import dev.fare.vlm.language.GenerationOptions;
import dev.fare.vlm.language.LanguageTokenizer;
import dev.fare.vlm.language.LlamaModel;
import dev.fare.vlm.language.TextGenerator;
import dev.fare.vlm.language.TokenListener;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * LLaVA-1.5 (Liu et al., 2024): what a vision tower sees, projected among the words that a Llama
 * reads.
 *
 * <pre>{@code
 * try (LlavaModel llava = LlavaModel.load(Path.of("llava-1.5-7b-hf"));
 *     RobustClipEncoder robust = RobustClipEncoder.load(Path.of("fare4-clip-vit-l-14"))) {
 *   String answer = llava.withVisionEncoder(robust).answer(picture, "What is in this picture?");
 * }
 * }</pre>
 *
 * <p>Everything but the choice of tokens is differentiable to the pixels, and no weight asks for a
 * gradient. Safe for use from many threads; nobody may use it after {@link #close}.
 */
public final class LlavaModel implements VisionLanguageModel {

  private static final int ANSWER_LENGTH = 512;

  private final RobustClipEncoder vision;
  private final LlavaConfig config;
  private final LlavaParts parts;
  private final PromptTemplate template;
  private final boolean isOwner;

  private LlavaModel(
      RobustClipEncoder vision,
      LlavaConfig config,
      LlavaParts parts,
      PromptTemplate template,
      boolean isOwner) {
    this.vision = vision;
    this.config = config;
    this.parts = parts;
    this.template = template;
    this.isOwner = isOwner;
  }

  /**
   * Loads a directory of Hugging Face's LLaVA-1.5 or, where it brings its vision tower, of the
   * original authors', in float32, onto a GPU where there is one.
   *
   * @throws IOException if it can't be read or used; the message names file and tensor
   */
  public static LlavaModel load(Path directory) throws IOException {
    return builder(directory).load();
  }

  /** Starts to describe how to load a LLaVA: vision tower, device, precision, prompts. */
  public static Builder builder(Path directory) {
    return new Builder(directory);
  }

  /**
   * This model with other eyes. Nothing else changes, and nothing is copied: the result lives as
   * long as this model and the encoder, and closing it frees neither.
   *
   * @param encoder a vision transformer of the same width; of another image size, too
   * @throws IllegalArgumentException if the projector can't take its tokens
   */
  public LlavaModel withVisionEncoder(RobustClipEncoder encoder) {
    int wanted = LlavaCheckpoint.tokenWidth(config, vision.config().vision());
    int given = LlavaCheckpoint.tokenWidth(config, encoder.config().vision());
    checkArgument(
        given == wanted,
        "this projector takes tokens of %s values, the encoder's have %s; a robust encoder must be"
            + " fine-tuned from the one that the model was trained with",
        wanted,
        given);
    return new LlavaModel(encoder, config, parts, template, false);
  }

  /** This model with other prompts; it lives as long as this one. */
  public LlavaModel withTemplate(PromptTemplate other) {
    return new LlavaModel(vision, config, parts, other, false);
  }

  /** What sees; to be swapped, not closed. */
  public RobustClipEncoder visionEncoder() {
    return vision;
  }

  /** What speaks. */
  public LlamaModel languageModel() {
    return parts.language();
  }

  /** How the parts are joined. */
  public LlavaConfig config() {
    return config;
  }

  /** How questions become prompts. */
  public PromptTemplate template() {
    return template;
  }

  /**
   * The tokenizer.
   *
   * @throws IllegalStateException if the weights came without {@code tokenizer.json}
   */
  public LanguageTokenizer tokenizer() {
    return parts.tokenizer();
  }

  @Override
  public int imageSize() {
    return vision.imageSize();
  }

  /** How pictures become the vision tower's pixels. */
  @Override
  public ClipPreprocessing preprocessing() {
    int size = vision.imageSize();
    return config.padsToSquare()
        ? ClipPreprocessing.llava(size)
        : ClipPreprocessing.huggingFace(size);
  }

  /** How many places an image takes in a prompt. */
  public int tokensPerImage() {
    return Math.toIntExact(config.visualTokens().shapeIn(vision.config().vision()).get(0));
  }

  @Override
  public NDArray visualTokens(NDArray pixels) {
    return project(vision.tokens(pixels, config.visualTokens()));
  }

  /**
   * The same of what the vision tower has seen already.
   *
   * @param tokens {@code [M,T,C]} of the layer that {@link LlavaConfig#visualTokens} names
   */
  public NDArray project(NDArray tokens) {
    return parts.project(tokens);
  }

  /**
   * Prompts as the language model reads them.
   *
   * @param visualTokens {@code [M,T,W]} of all images in the order of the prompts
   * @return {@code [N,L,W]}
   * @throws IllegalArgumentException if there are more or fewer images than the prompts have places
   */
  public NDArray embed(PromptBatch prompts, NDArray visualTokens) {
    NDManager manager = visualTokens.getManager();
    long images = visualTokens.getShape().get(0);
    checkArgument(
        images == prompts.images(),
        "the prompts have places for %s images, got %s; write %s where an image stands",
        prompts.images(),
        images,
        LlavaConfig.IMAGE);
    NDArray words = parts.language().embed(prompts.ids(manager));
    return parts.merge(words, prompts.visualPlaces(manager), visualTokens);
  }

  @Override
  public NDArray textLosses(PromptBatch batch, NDArray visualTokens) {
    NDManager manager = visualTokens.getManager();
    return new TextLoss(parts.language(), batch.mask(manager), batch.labels(manager))
        .of(embed(batch, visualTokens));
  }

  /** Prompts without images as the language model reads them. */
  public NDArray embed(PromptBatch prompts, NDManager manager) {
    checkArgument(
        prompts.images() == 0, "the prompts have places for %s images, got none", prompts.images());
    return parts.language().embed(prompts.ids(manager));
  }

  /** Texts as prompts of this model: ids, images as the image token. */
  public List<long[]> encode(List<String> prompts) {
    return prompts.stream().map(prompt -> parts.encode(prompt, config.imageToken())).toList();
  }

  /** Prompts with a place for each visual token of this model's encoder. */
  public PromptBatch batch(List<String> prompts) {
    return PromptBatch.of(
        encode(prompts), config.imageToken(), config.padToken(), tokensPerImage());
  }

  @Override
  public PromptBatch batch(List<String> prompts, List<String> texts) {
    List<long[]> answers = texts.stream().map(parts::encodeAnswer).toList();
    return PromptBatch.of(
        encode(prompts), answers, config.imageToken(), config.padToken(), tokensPerImage());
  }

  /** What the model says to a question about a picture of any size, greedily. */
  public String answer(Image picture, String question) {
    return answer(picture, question, GenerationOptions.greedy(ANSWER_LENGTH), TextListener.NONE);
  }

  /**
   * What the model says to a question about a picture.
   *
   * @param listener gets the answer piece by piece as it is written
   */
  public String answer(
      Image picture, String question, GenerationOptions options, TextListener listener) {
    try (TensorScope scope = parts.newScope()) {
      NDArray pixels = preprocessing().toPixels(scope.manager(), List.of(PixelImage.of(picture)));
      return generate(pixels, List.of(template.withImage(question)), options, listener).get(0);
    }
  }

  /** What the model says to a question without a picture. */
  public String answer(String question, GenerationOptions options) {
    try (TensorScope scope = parts.newScope()) {
      NDArray none = scope.manager().create(new Shape(0, 3, 1, 1));
      return generate(none, List.of(template.of(question)), options, TextListener.NONE).get(0);
    }
  }

  @Override
  public List<String> generate(
      NDArray pixels, List<String> prompts, GenerationOptions options, TextListener listener) {
    AnswerTexts texts = new AnswerTexts(tokenizer(), prompts.size(), options.stops(), listener);
    return texts.finish(generate(pixels, batch(prompts), options, texts));
  }

  /** The same in tokens, for those who bring their own. */
  public List<long[]> generate(
      NDArray pixels, PromptBatch prompts, GenerationOptions options, TokenListener listener) {
    try (TensorScope scope = TensorScope.of(pixels);
        GradMode off = GradMode.noGrad()) {
      NDArray embeddings =
          prompts.images() == 0 && pixels.getShape().get(0) == 0
              ? embed(prompts, scope.manager())
              : embed(prompts, visualTokens(scope.view(pixels)));
      NDArray mask = prompts.mask(scope.manager());
      return new TextGenerator(parts.language(), parts.endings())
          .generate(embeddings, mask, options, listener);
    }
  }

  /**
   * How well the model expects the texts of a batch, see {@link LlamaModel#teacherForced}.
   *
   * @param pixels {@code [M,3,S,S]} float32 in [0,1], all images in the order of the prompts
   * @return {@code [N,2]}: mean cross-entropy, and whether greedy decoding would write the text
   */
  public NDArray teacherForced(NDArray pixels, PromptBatch prompts) {
    NDArray embeddings = embed(prompts, visualTokens(pixels));
    NDManager manager = pixels.getManager();
    return parts
        .language()
        .teacherForced(embeddings, prompts.mask(manager), prompts.labels(manager));
  }

  /** The projector's weights by name, which this model owns: what is trained is seen by all. */
  public Map<String, NDArray> projectorParameters() {
    return parts.projector();
  }

  /**
   * Writes Hugging Face's layout, with the vision tower that this model has now.
   *
   * @param type FLOAT32 or, at half the size and rounded, FLOAT16
   * @throws IllegalStateException if the language model is not in float32
   */
  public void save(Path directory, DataType type) throws IOException {
    try (TensorScope scope = parts.newScope()) {
      LlavaWriter.write(
          new LlavaWriter.Architecture(
              config,
              vision.config(),
              parts.language().config(),
              parts.endings(),
              template,
              parts.tokenizerFile()),
          vision.parameters(),
          parts.projector(),
          parts.language().parameters(scope.manager()),
          directory,
          type);
    }
  }

  /**
   * Writes a directory for llama.cpp and Ollama, with the vision tower that this model has now; see
   * {@link LlamaCppExport}.
   *
   * @param type of matrices: FLOAT32 or, at half the size and rounded, FLOAT16
   * @throws IllegalStateException if the language model is not in float32
   */
  public LlamaCppExport.Written exportLlamaCpp(Path directory, DataType type) throws IOException {
    try (TensorScope scope = parts.newScope()) {
      return LlamaCppExport.of(this, parts, scope.manager()).type(type).write(directory);
    }
  }

  @Override
  public String toString() {
    return "LlavaModel[%s, %s, %s]".formatted(vision, parts.language(), config);
  }

  /** Frees the parts, unless this model was made of another one. */
  @Override
  public void close() {
    if (isOwner) {
      vision.close();
      parts.close();
    }
  }

  /** How to load a {@link LlavaModel}; one for each load. */
  public static final class Builder {

    private final Path directory;
    private @Nullable Path visionTower;
    private @Nullable Path tokenizer;
    private @Nullable Device device;
    private Precision precision = Precision.FLOAT32;
    private @Nullable Boolean padsToSquare;
    private @Nullable PromptTemplate template;

    private Builder(Path directory) {
      this.directory = requireNonNull(directory, "directory");
    }

    /**
     * The CLIP whose vision tower is used, in any layout. Checkpoints of the original authors name
     * theirs and do not bring it; where the checkpoint brings one, this one takes its place.
     */
    public Builder visionTower(Path clip) {
      visionTower = requireNonNull(clip, "clip");
      return this;
    }

    /** A {@code tokenizer.json}, where the checkpoint brings none. */
    public Builder tokenizer(Path file) {
      tokenizer = requireNonNull(file, "file");
      return this;
    }

    /** Where the weights go; by default a GPU where there is one. */
    public Builder device(Device value) {
      device = requireNonNull(value, "device");
      return this;
    }

    /** The arithmetic of vision tower and language model, FLOAT32 by default. */
    public Builder precision(Precision value) {
      precision = requireNonNull(value, "precision");
      return this;
    }

    /** Whether pictures get bars up to a square; by default as the checkpoint's files say. */
    public Builder padsToSquare(boolean value) {
      padsToSquare = value;
      return this;
    }

    /**
     * How questions become prompts; by default as the checkpoint's files say, and where they say
     * nothing {@link PromptTemplate#VICUNA_V1}.
     */
    public Builder template(PromptTemplate value) {
      template = requireNonNull(value, "template");
      return this;
    }

    /**
     * Loads the model.
     *
     * @throws IOException if it can't be read or used; the message names file and tensor
     */
    public LlavaModel load() throws IOException {
      LlavaCheckpoint checkpoint =
          visionTower == null
              ? LlavaCheckpoint.read(directory)
              : LlavaCheckpoint.read(directory, visionTower);
      LlavaConfig config = checkpoint.config();
      if (padsToSquare != null) {
        config = config.withPadsToSquare(padsToSquare);
      }
      Device target = TorchDevices.orDefault(device);
      Path file = tokenizer != null ? tokenizer : checkpoint.language().tokenizer().orElse(null);
      RobustClipEncoder vision =
          RobustClipEncoder.builder(checkpoint.vision()).device(target).precision(precision).load();
      try {
        LlavaParts parts = LlavaParts.of(checkpoint, file, target, vision.precision());
        PromptTemplate prompts =
            template != null ? template : ChatTemplateFile.readOrGuess(directory);
        return new LlavaModel(vision, config, parts, prompts, true);
      } catch (IOException | RuntimeException e) {
        vision.close();
        throw e;
      }
    }
  }
}
