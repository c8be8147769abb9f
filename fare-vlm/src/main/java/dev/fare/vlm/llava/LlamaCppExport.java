package dev.fare.vlm.llava;

import static com.google.common.base.Preconditions.checkArgument;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.fare.io.AtomicDirectory;
import dev.fare.io.AtomicFile;
import dev.fare.io.LazyTensor;
import dev.fare.io.ModelFormatException;
import dev.fare.models.RobustClipEncoder;
import dev.fare.models.export.gguf.GgufData;
import dev.fare.models.export.gguf.GgufFile;
import dev.fare.models.export.gguf.GgufMetadata;
import dev.fare.models.export.gguf.Mmproj;
import dev.fare.models.format.ClipCheckpoint;
import dev.fare.vlm.language.LanguageCheckpoint;
import dev.fare.vlm.language.LanguageTokenizer;
import dev.fare.vlm.language.LlamaConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Writes a LLaVA for llama.cpp: a directory of {@code language-model.gguf}, {@code mmproj.gguf} and
 * a {@code Modelfile} for Ollama.
 *
 * <pre>{@code
 * try (RobustClipEncoder robust = RobustClipEncoder.load(Path.of("fare4-clip-vit-l-14-336"))) {
 *   LlamaCppExport.of(Path.of("llava-1.5-7b-hf"), robust)
 *       .type(DataType.FLOAT16)
 *       .write(Path.of("robust-llava-gguf"));
 * }
 * }</pre>
 *
 * <p>The directory of a LLaVA is read a tensor at a time, whatever its size.
 */
public final class LlamaCppExport {

  /** What it is that speaks. */
  public static final String LANGUAGE_MODEL = "language-model.gguf";

  /** What sees. */
  public static final String MMPROJ = "mmproj.gguf";

  /** What Ollama makes of the two. */
  public static final String MODELFILE = "Modelfile";

  private static final Map<String, String> WHOLE =
      Map.of(
          "embed_tokens.weight", "token_embd.weight",
          "norm.weight", "output_norm.weight",
          "lm_head.weight", "output.weight");

  private static final Map<String, String> OF_LAYER =
      Map.of(
          "input_layernorm", "attn_norm",
          "self_attn.q_proj", "attn_q",
          "self_attn.k_proj", "attn_k",
          "self_attn.v_proj", "attn_v",
          "self_attn.o_proj", "attn_output",
          "post_attention_layernorm", "ffn_norm",
          "mlp.gate_proj", "ffn_gate",
          "mlp.up_proj", "ffn_up",
          "mlp.down_proj", "ffn_down");

  /** What rounding weights to half precision may change of their length. */
  private static final double ROUNDING = 1e-3;

  private final LlavaConfig llava;
  private final RobustClipEncoder vision;
  private final Map<String, LazyTensor> projector;
  private final LanguageCheckpoint language;
  private PromptTemplate template;
  private DataType type = DataType.FLOAT32;

  private LlamaCppExport(
      LlavaConfig llava,
      RobustClipEncoder vision,
      Map<String, LazyTensor> projector,
      LanguageCheckpoint language,
      PromptTemplate template) {
    this.llava = llava;
    this.vision = vision;
    this.projector = projector;
    this.language = language;
    this.template = template;
  }

  /**
   * What was written.
   *
   * @param difference between the weights of both files and those that were given, relative to
   *     their length
   * @param limits what llama.cpp does otherwise with these files than this library with the model
   */
  public record Written(double difference, List<String> limits) {

    /** Copies the list. */
    public Written {
      limits = List.copyOf(limits);
    }
  }

  /**
   * A LLaVA on disk with other eyes.
   *
   * @param directory in one of the layouts that {@link LlavaModel#load} reads, with {@code
   *     tokenizer.json}
   * @param vision an encoder of the width that the projector takes; used when {@link #write} is
   *     called
   * @throws IOException if it can't be read or used
   */
  public static LlamaCppExport of(Path directory, RobustClipEncoder vision) throws IOException {
    ClipCheckpoint eyes =
        new ClipCheckpoint(vision.config(), Map.of(), Optional.empty(), vision.toString());
    LlavaCheckpoint checkpoint = LlavaReader.read(directory, eyes);
    Map<String, LazyTensor> projector = new LinkedHashMap<>();
    for (String name : LlavaCheckpoint.PROJECTOR) {
      projector.put(name, checkpoint.projector().get(projector.size()));
    }
    PromptTemplate template = ChatTemplateFile.readOrGuess(directory);
    return new LlamaCppExport(
        checkpoint.config(), vision, projector, checkpoint.language(), template);
  }

  /**
   * A model in memory, as it is when {@link #write} is called.
   *
   * @param owner of the handles of weights, to be closed after writing
   * @throws IllegalStateException if its language model is not in float32
   */
  static LlamaCppExport of(LlavaModel model, LlavaParts parts, NDManager owner) {
    Map<String, LazyTensor> projector = new LinkedHashMap<>();
    parts.projector().forEach((name, tensor) -> projector.put(name, LazyTensor.of(tensor)));
    Map<String, LazyTensor> tensors = new LinkedHashMap<>();
    parts
        .language()
        .parameters(owner)
        .forEach((name, tensor) -> tensors.put(name, LazyTensor.of(tensor)));
    LanguageCheckpoint language =
        new LanguageCheckpoint(
            parts.language().config(),
            tensors,
            parts.tokenizerFile(),
            parts.endings(),
            model.toString());
    return new LlamaCppExport(
        model.config(), model.visionEncoder(), projector, language, model.template());
  }

  /** Chooses the type of matrices: FLOAT32, or FLOAT16 at half the size and rounded. */
  public LlamaCppExport type(DataType value) {
    checkArgument(
        value == DataType.FLOAT32 || value == DataType.FLOAT16,
        "matrices can be written as FLOAT32 or FLOAT16, got %s",
        value);
    type = value;
    return this;
  }

  /** How questions become prompts; by default as the model's files say. */
  public LlamaCppExport template(PromptTemplate value) {
    template = requireNonNull(value, "template");
    return this;
  }

  /**
   * Writes the three files and reads the weights back.
   *
   * @param directory appears whole or not at all; one that was written before is replaced
   * @throws IllegalArgumentException if llama.cpp can't hold this model
   * @throws ModelFormatException if the tokenizer is none that llama.cpp's vocabulary {@code llama}
   *     can be, or what was written differs from the model by more than rounding
   * @throws java.nio.file.FileAlreadyExistsException if the directory holds anything else
   * @throws IOException if writing fails; what was at the place before stays
   */
  public Written write(Path directory) throws IOException {
    Path file =
        language
            .tokenizer()
            .orElseThrow(
                () ->
                    new ModelFormatException(
                        language.source()
                            + " has no tokenizer.json, whose pieces llama.cpp's file holds; put one"
                            + " beside the weights"));
    byte[] modelfile = modelfile().getBytes(UTF_8);
    LlamaVocabulary vocabulary = new LlamaVocabulary(file, language.config().vocabularySize());
    GgufMetadata metadata = metadata(language.config());
    try (LanguageTokenizer tokenizer = LanguageTokenizer.load(file)) {
      vocabulary.putInto(metadata, tokenizer, language.endings(), llava.padToken());
    }
    Map<String, LazyTensor> tensors = tensors();
    double[] difference = new double[2];
    AtomicDirectory.write(
        directory,
        Set.of(LANGUAGE_MODEL, MMPROJ, MODELFILE),
        fresh -> {
          Path mmproj = fresh.resolve(MMPROJ);
          difference[0] = Mmproj.write(vision, projector, llava.visualTokens(), type, mmproj);
          Map<String, GgufData> data = new LinkedHashMap<>();
          tensors.forEach((name, tensor) -> data.put(name, GgufData.of(tensor, type)));
          difference[1] =
              GgufFile.write(metadata, data, fresh.resolve(LANGUAGE_MODEL)).differenceFrom(tensors);
          check(Math.max(difference[0], difference[1]), directory);
          AtomicFile.write(fresh.resolve(MODELFILE), modelfile);
        });
    List<String> limits = new ArrayList<>(vocabulary.limits());
    if (!llava.padsToSquare()) {
      limits.add("it pads a picture to a square, where this model takes the middle of it");
    }
    return new Written(Math.max(difference[0], difference[1]), limits);
  }

  private static void check(double difference, Path directory) throws ModelFormatException {
    if (!(difference <= ROUNDING)) {
      throw new ModelFormatException(
          directory + ": the weights read back differ by " + difference + " of their length");
    }
  }

  private GgufMetadata metadata(LlamaConfig config) {
    GgufMetadata metadata =
        new GgufMetadata()
            .text("general.architecture", "llama")
            .text("general.name", "LLaVA")
            .number("general.file_type", type == DataType.FLOAT16 ? 1 : 0)
            .number("llama.vocab_size", config.vocabularySize())
            .number("llama.context_length", config.contextLength())
            .number("llama.embedding_length", config.width())
            .number("llama.block_count", config.layers())
            .number("llama.feed_forward_length", config.mlpWidth())
            .number("llama.attention.head_count", config.heads())
            .number("llama.attention.head_count_kv", config.keyValueHeads())
            .number("llama.attention.key_length", config.headSize())
            .number("llama.attention.value_length", config.headSize())
            .real("llama.attention.layer_norm_rms_epsilon", config.normEpsilon())
            .number("llama.rope.dimension_count", config.headSize())
            .real("llama.rope.freq_base", config.ropeTheta());
    if (config.positionFactor() != 1) {
      metadata
          .text("llama.rope.scaling.type", "linear")
          .real("llama.rope.scaling.factor", config.positionFactor());
    }
    return metadata.text(
        "tokenizer.chat_template",
        ChatTemplateFile.toJson(template).get(ChatTemplateFile.KEY).getAsString());
  }

  private Map<String, LazyTensor> tensors() {
    LlamaConfig config = language.config();
    Map<String, LazyTensor> tensors = new LinkedHashMap<>();
    for (String name : config.tensors().keySet()) {
      LazyTensor tensor = language.tensor(name);
      if (name.endsWith("q_proj.weight")) {
        tensor = new RotatedPairs(tensor, config.heads());
      } else if (name.endsWith("k_proj.weight")) {
        tensor = new RotatedPairs(tensor, config.keyValueHeads());
      }
      tensors.put(ggufName(name), tensor);
    }
    return tensors;
  }

  private static String ggufName(String name) {
    if (WHOLE.containsKey(name)) {
      return requireNonNull(WHOLE.get(name));
    }
    String[] parts = name.split("\\.", 3); // layers, index, what
    String module = parts[2].substring(0, parts[2].length() - ".weight".length());
    return "blk." + parts[1] + "." + requireNonNull(OF_LAYER.get(module)) + ".weight";
  }

  /**
   * The rows of queries or keys in llama.cpp's order: the two that the rotary embedding turns
   * together are neighbours there, and half a head apart in Hugging Face's.
   */
  private record RotatedPairs(LazyTensor stored, int heads) implements LazyTensor {

    @Override
    public Shape shape() {
      return stored.shape();
    }

    @Override
    public NDArray read(NDManager manager) throws IOException {
      long columns = shape().get(1);
      return stored
          .read(manager)
          .reshape(heads, 2, -1, columns) // [heads, half, pair, C]
          .transpose(0, 2, 1, 3)
          .reshape(shape());
    }
  }

  private String modelfile() {
    for (String part : List.of(template.before(), template.after())) {
      checkArgument(
          !part.contains("{{") && !part.contains("\"\"\""),
          "a Modelfile can't hold '{{' or three quotes in a prompt, got: %s",
          part);
    }
    return """
        FROM ./%s
        FROM ./%s
        TEMPLATE \"""%s{{ .Prompt }}%s\"""
        """
        .formatted(LANGUAGE_MODEL, MMPROJ, template.before(), template.after());
  }
}
