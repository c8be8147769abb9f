package dev.fare.models;

import static java.util.Objects.requireNonNull;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.fare.Attack;
import dev.fare.Cosine;
import dev.fare.data.ImageDataset;
import dev.fare.io.ModelFormatException;
import dev.fare.models.export.torchscript.TorchScriptExport;
import dev.fare.models.format.ClipCheckpoint;
import dev.fare.models.text.ClipTokenizer;
import dev.fare.models.text.TextConfig;
import dev.fare.models.text.TextTransformer;
import dev.fare.torch.Autograd;
import dev.fare.torch.GradMode;
import dev.fare.torch.Host;
import dev.fare.torch.TensorScope;
import dev.fare.training.validation.Validation;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A whole CLIP: both towers, the tokenizer and the logit scale.
 *
 * <p>Safe for use from many threads; nobody may use it after {@link #close}.
 */
public final class ClipModel implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(ClipModel.class);

  /** Texts that go through the text tower at once. */
  private static final int BATCH = 256;

  private static final List<String> PLAIN_TEMPLATE = List.of("a photo of a {}");

  private final RobustClipEncoder imageEncoder;
  private final TextTransformer text;
  private final Optional<ClipTokenizer> tokenizer;
  private final double logitScale;

  private ClipModel(
      RobustClipEncoder imageEncoder,
      TextTransformer text,
      Optional<ClipTokenizer> tokenizer,
      double logitScale) {
    this.imageEncoder = imageEncoder;
    this.text = text;
    this.tokenizer = tokenizer;
    this.logitScale = logitScale;
  }

  /**
   * Loads a CLIP in any layout that {@link ClipCheckpoints} reads, onto a GPU where there is one.
   *
   * @param path a directory or file
   * @throws IOException if it can't be read or used, or has no text tower
   */
  public static ClipModel load(Path path) throws IOException {
    return load(RobustClipEncoder.builder(path));
  }

  /**
   * Downloads a CLIP of Hugging Face's hub, unless it is in the cache, and loads it, as {@link
   * RobustClipEncoder#load(String)} does.
   *
   * @param hubName {@code owner/name}, or {@code owner/name@revision}
   * @throws IllegalArgumentException if the name is none
   * @throws IOException if it can't be had or used, or has no text tower
   */
  public static ClipModel load(String hubName) throws IOException {
    return load(RobustClipEncoder.builder(hubName));
  }

  /**
   * Loads a CLIP whose vision tower is described: its device, precision, image size.
   *
   * @throws IOException if it can't be read or used, or has no text tower
   */
  public static ClipModel load(RobustClipEncoder.Builder vision) throws IOException {
    RobustClipEncoder encoder = vision.load();
    try {
      return of(encoder);
    } catch (IOException | RuntimeException e) {
      encoder.close();
      throw e;
    }
  }

  /**
   * The CLIP that an encoder belongs to: the encoder as it is now, fine-tuned or not, beside the
   * text tower, which is read from where the encoder was loaded.
   *
   * @param encoder from now on closed by the model, unless this fails
   * @throws IOException if the text tower can't be read or used, or there is none
   */
  public static ClipModel of(RobustClipEncoder encoder) throws IOException {
    ClipCheckpoint checkpoint = encoder.checkpoint();
    TextTransformer text = TowerLoader.text(checkpoint, encoder.device());
    try {
      double logitScale = TowerLoader.logitScale(checkpoint);
      return new ClipModel(encoder, text, tokenizer(checkpoint, text.config()), logitScale);
    } catch (IOException | RuntimeException e) {
      text.close();
      throw e;
    }
  }

  private static Optional<ClipTokenizer> tokenizer(ClipCheckpoint checkpoint, TextConfig text)
      throws IOException {
    if (checkpoint.tokenizer().isPresent()) {
      Path file = checkpoint.tokenizer().get();
      ClipTokenizer tokenizer = ClipTokenizer.load(file, checkpoint.cleaning());
      long end = tokenizer.endToken();
      if (end >= text.vocabularySize() || text.endToken().orElse((int) end) != end) {
        tokenizer.close();
        throw new ModelFormatException(
            file
                + " ends a text with token "
                + end
                + ", which does not fit a text tower of "
                + text.vocabularySize()
                + " tokens"
                + (text.endToken().isPresent() ? " ending with " + text.endToken().getAsInt() : "")
                + "; put the tokenizer that belongs to these weights there");
      }
      return Optional.of(tokenizer);
    }
    if (text.vocabularySize() == ClipTokenizer.OPENAI_VOCABULARY) {
      log.info("{} brings no tokenizer.json: using OpenAI's vocabulary", checkpoint.source());
      return Optional.of(ClipTokenizer.openAi());
    }
    return Optional.empty();
  }

  /** The vision tower; this model closes it. */
  public RobustClipEncoder imageEncoder() {
    return imageEncoder;
  }

  /** The text tower; this model closes it. */
  public TextTransformer textEncoder() {
    return text;
  }

  /** What cosine similarities are multiplied by: the exponential of the learnt parameter. */
  public double logitScale() {
    return logitScale;
  }

  /**
   * Embeds texts.
   *
   * @return {@code [N][D]}, not normalised
   * @throws IllegalStateException if the weights brought no tokenizer and their vocabulary is not
   *     OpenAI's
   */
  public float[][] embedText(List<String> texts) {
    float[][] embeddings = new float[texts.size()][];
    try (NDManager manager = newManager()) {
      try (TensorScope scope = TensorScope.of(manager);
          GradMode off = GradMode.noGrad()) {
        float[] values = Host.floats(embed(scope, texts));
        int size = values.length / Math.max(1, texts.size());
        for (int i = 0; i < embeddings.length; i++) {
          embeddings[i] = Arrays.copyOfRange(values, i * size, (i + 1) * size);
        }
      }
    }
    return embeddings;
  }

  /**
   * Embeds token ids that the caller brings.
   *
   * @param ids {@code [N,T]} int64
   * @return {@code [N,D]}, not normalised, owned by the manager of {@code ids}
   */
  public NDArray embedTokens(NDArray ids) {
    return text.embed(ids);
  }

  /**
   * How well images and texts belong together: the logit scale times the cosine.
   *
   * @param imageEmbeddings {@code [N,D]}, normalised or not
   * @param textEmbeddings {@code [K,D]}, normalised or not
   * @return {@code [N,K]}
   */
  public NDArray logits(NDArray imageEmbeddings, NDArray textEmbeddings) {
    try (NDArray texts = Cosine.normalize(textEmbeddings);
        NDArray columns = texts.transpose();
        NDArray images = Cosine.normalize(imageEmbeddings);
        NDArray cosines = images.matMul(columns)) {
      return Autograd.scaled(cosines, logitScale);
    }
  }

  private NDArray embed(TensorScope scope, List<String> texts) {
    ClipTokenizer encoding =
        tokenizer.orElseThrow(
            () ->
                new IllegalStateException(
                    "these weights came without tokenizer.json and their vocabulary is not"
                        + " OpenAI's; put one beside them to embed text, or give token ids to"
                        + " embedTokens"));
    NDArray[] parts = new NDArray[(texts.size() + BATCH - 1) / BATCH];
    for (int part = 0; part < parts.length; part++) {
      List<String> batch = texts.subList(part * BATCH, Math.min(texts.size(), (part + 1) * BATCH));
      long[][] ids = encoding.encode(batch, text.config().contextLength());
      parts[part] = text.embed(scope.manager().create(ids));
    }
    return NDArrays.concat(new NDList(parts), 0);
  }

  /**
   * A classifier by class names, with the template "a photo of a {}".
   *
   * @param classNames at least one, distinct
   */
  public ZeroShotClassifier zeroShotClassifier(List<String> classNames) {
    return zeroShotClassifier(classNames, PLAIN_TEMPLATE);
  }

  /**
   * A classifier by class names.
   *
   * @param classNames at least one, distinct
   * @param templates sentences in which {@code {}} stands for the class name; the embedding of a
   *     class is the mean of its sentences' unit embeddings
   */
  public ZeroShotClassifier zeroShotClassifier(List<String> classNames, List<String> templates) {
    checkClasses(classNames, templates);
    try (NDManager manager = newManager()) {
      try (TensorScope scope = TensorScope.of(manager);
          GradMode off = GradMode.noGrad()) {
        NDArray sum = null;
        for (String template : templates) {
          List<String> sentences =
              classNames.stream().map(name -> template.replace("{}", name)).toList();
          NDArray unit = Cosine.normalize(embed(scope, sentences));
          sum = sum == null ? unit : sum.add(unit);
        }
        return new ZeroShotClassifier(imageEncoder, classNames, requireNonNull(sum), logitScale);
      }
    }
  }

  /**
   * What a training measures between its updates, by class names: zero-shot accuracy, clean and
   * under an attack such as APGD, with the template "a photo of a {}" and whatever weights the
   * trained encoder then has. This model may be closed before.
   *
   * <pre>{@code
   * .validation(clip.accuracy(images, images.classNames(), apgd), 500)
   * }</pre>
   *
   * @param images labelled, that training does not see
   * @param classNames what each label is called, in their order, at least two and distinct
   * @see Validation#accuracy
   * @throws IllegalArgumentException if an image has no label, or one without a name
   */
  public Validation accuracy(ImageDataset images, List<String> classNames, Attack attack) {
    return accuracy(images, classNames, PLAIN_TEMPLATE, attack);
  }

  /**
   * The same with other sentences.
   *
   * @param templates as in {@link #zeroShotClassifier(List, List)}
   */
  public Validation accuracy(
      ImageDataset images, List<String> classNames, List<String> templates, Attack attack) {
    try (ZeroShotClassifier classifier = zeroShotClassifier(classNames, templates);
        NDManager manager = newManager()) {
      return Validation.accuracy(images, classifier.classEmbeddings(manager), attack);
    }
  }

  private static void checkClasses(List<String> classNames, List<String> templates) {
    if (classNames.isEmpty() || new HashSet<>(classNames).size() < classNames.size()) {
      throw new IllegalArgumentException(
          "class names must be distinct and at least one, got " + classNames);
    }
    if (templates.isEmpty() || !templates.stream().allMatch(t -> t.contains("{}"))) {
      throw new IllegalArgumentException(
          "each template must contain {} where the class name goes, got " + templates);
    }
  }

  /**
   * Writes a directory that DJL and DJL Serving load without this library; see {@link
   * TorchScriptExport}.
   *
   * @param directory appears whole or not at all; one that was written before is replaced
   * @throws IOException if writing fails; what was at the place before stays
   */
  public void exportTorchScript(Path directory) throws IOException {
    EncoderWriter.exportTorchScript(
        imageEncoder.checkpoint(), imageEncoder.tower(), text, directory);
  }

  private NDManager newManager() {
    return NDManager.newBaseManager(imageEncoder.device(), "PyTorch");
  }

  @Override
  public String toString() {
    return "ClipModel[%s, %s]".formatted(imageEncoder, text.config());
  }

  @Override
  public void close() {
    imageEncoder.close();
    text.close();
    tokenizer.ifPresent(ClipTokenizer::close);
  }
}
