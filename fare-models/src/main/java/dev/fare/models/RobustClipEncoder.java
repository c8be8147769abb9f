package dev.fare.models;

import ai.djl.Device;
import ai.djl.modality.cv.Image;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import dev.fare.Precision;
import dev.fare.ThreatModel;
import dev.fare.image.ClipPreprocessing;
import dev.fare.image.ImageOpener;
import dev.fare.image.PixelImage;
import dev.fare.models.export.torchscript.TorchScriptExport;
import dev.fare.models.format.ClipCheckpoint;
import dev.fare.models.format.ClipConfig;
import dev.fare.models.format.huggingface.HuggingFaceWriter;
import dev.fare.models.format.openclip.OpenClipWriter;
import dev.fare.models.hub.ModelHub;
import dev.fare.models.text.TextTransformer;
import dev.fare.models.vision.ConvNextConfig;
import dev.fare.models.vision.VisionTower;
import dev.fare.torch.Autograd;
import dev.fare.torch.GradMode;
import dev.fare.torch.TensorScope;
import dev.fare.training.TrainableEncoder;
import dev.fare.training.loss.TokenEncoder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinPool;

/**
 * CLIP's vision encoder as a drop-in: pictures or pixels to embeddings or tokens.
 *
 * <p>Robust is what its weights make it: any CLIP can be loaded, fine-tuned with {@code
 * FareTrainer} and saved, and what was saved loads wherever the original did.
 *
 * <pre>{@code
 * try (RobustClipEncoder encoder = RobustClipEncoder.load(Path.of("fare4-clip-vit-l-14"))) {
 *   float[] embedding = encoder.embed(image);
 *   NDArray tokens = encoder.tokens(pixels, TokenLayer.LLAVA);
 * }
 * }</pre>
 *
 * <p>Safe for use from many threads, except that nobody may use it after {@link #close} and that
 * training changes the weights under everybody.
 */
public final class RobustClipEncoder implements TrainableEncoder, TokenEncoder {

  private final VisionTower tower;
  private final ClipCheckpoint checkpoint;
  private final ClipPreprocessing preprocessing;
  private final NDManager manager;

  RobustClipEncoder(VisionTower tower, ClipCheckpoint checkpoint, NDManager manager) {
    this.tower = tower;
    this.checkpoint = checkpoint;
    this.manager = manager;
    preprocessing = ClipPreprocessing.openClip(tower.config().imageSize());
  }

  /**
   * Loads the vision tower of a CLIP in any layout that {@link ClipCheckpoints} reads, onto a GPU
   * where there is one.
   *
   * @param path a directory or file
   * @throws IOException if it can't be read, or can't be used: the message names file and tensor
   */
  public static RobustClipEncoder load(Path path) throws IOException {
    return builder(path).load();
  }

  /** The same onto a device. */
  public static RobustClipEncoder load(Path path, Device device) throws IOException {
    return builder(path).device(device).load();
  }

  /** The same in a precision. */
  public static RobustClipEncoder load(Path path, Precision precision) throws IOException {
    return builder(path).precision(precision).load();
  }

  /** The same onto a device in a precision. */
  public static RobustClipEncoder load(Path path, Device device, Precision precision)
      throws IOException {
    return builder(path).device(device).precision(precision).load();
  }

  /**
   * Loads a vision tower that was published alone, as the paper's {@code fare_eps_4.pt}, in the
   * place of the one of the CLIP that it was fine-tuned from. What is saved later has that CLIP's
   * text tower and tokenizer.
   *
   * @param visionTower a {@code .pt} state dict or safetensors file
   * @param base the CLIP, in any layout that {@link ClipCheckpoints} reads
   * @throws IOException if one can't be read or used, or their architectures differ
   */
  public static RobustClipEncoder load(Path visionTower, Path base) throws IOException {
    return builder(VisionTowerFile.read(visionTower, ClipCheckpoints.read(base))).load();
  }

  /**
   * Downloads a model of Hugging Face's hub, unless it is in the cache, and loads its vision tower.
   * The endpoint, token, cache and offline mode are those of the environment; for others, for
   * progress or to pin a commit see {@link ModelHub}.
   *
   * @param hubName such as {@code chs20/fare4-clip}, or {@code owner/name@revision}
   * @throws IllegalArgumentException if the name is none
   * @throws IOException if it can't be had or used
   */
  public static RobustClipEncoder load(String hubName) throws IOException {
    return load(download(hubName));
  }

  /** The same onto a device. */
  public static RobustClipEncoder load(String hubName, Device device) throws IOException {
    return load(download(hubName), device);
  }

  /** The same in a precision. */
  public static RobustClipEncoder load(String hubName, Precision precision) throws IOException {
    return load(download(hubName), precision);
  }

  /** The same onto a device in a precision. */
  public static RobustClipEncoder load(String hubName, Device device, Precision precision)
      throws IOException {
    return load(download(hubName), device, precision);
  }

  private static Path download(String hubName) throws IOException {
    return ModelHub.builder().build().download(hubName);
  }

  /**
   * Starts to describe how to load a CLIP's vision tower: device, precision, image size.
   *
   * @param path a directory or file
   */
  public static RobustClipEncoderBuilder builder(Path path) {
    return RobustClipEncoderBuilder.of(path);
  }

  /** The same for a model that was read by other means, such as a vision tower on its base. */
  public static RobustClipEncoderBuilder builder(ClipCheckpoint checkpoint) {
    return RobustClipEncoderBuilder.of(checkpoint);
  }

  public static RobustClipEncoder of(ClipCheckpoint checkpoint, Device device, Precision precision)
      throws IOException {
    return of(checkpoint, device, precision, false);
  }

  public static RobustClipEncoder of(
      ClipCheckpoint checkpoint, Device device, Precision precision, boolean lowLatency)
      throws IOException {
    NDManager manager = NDManager.newBaseManager(device, "PyTorch");
    try {
      VisionTower tower = TowerLoader.vision(checkpoint, device, precision, lowLatency);
      return new RobustClipEncoder(tower, checkpoint, manager);
    } catch (IOException | RuntimeException e) {
      manager.close();
      throw e;
    }
  }

  /**
   * Embeds a batch of images.
   *
   * @param pixels {@code [N,3,S,S]} float32 in [0,1] with this encoder's image size S; not
   *     normalised by mean and standard deviation, which happens inside
   * @return {@code [N,D]} float32, not normalised, owned by the manager of {@code pixels}
   * @throws IllegalArgumentException if the pixels are of another shape, type or range
   */
  @Override
  public NDArray embed(NDArray pixels) {
    checkRange(pixels);
    return tower.embed(pixels);
  }

  /** The tokens are those that LLaVA reads, {@link TokenLayer#LLAVA}. */
  @Override
  public EmbeddedTokens embedWithTokens(NDArray pixels) {
    checkRange(pixels);
    NDList both = tower.embedWithTokens(pixels);
    return new EmbeddedTokens(both.get(0), both.get(1));
  }

  /**
   * Embeds one picture of any size: resized on its shorter side, cropped to the centre, as CLIP was
   * trained.
   *
   * @return D values, not normalised
   */
  public float[] embed(Image image) {
    return embed(List.of(image), Runnable::run)[0];
  }

  /**
   * Embeds pictures of any sizes, resized on all cores by the JVM's common pool, in batches that
   * fit into memory.
   *
   * @return an embedding of D values for each picture, in their order
   */
  public float[][] embed(List<Image> images) {
    return embed(images, ForkJoinPool.commonPool());
  }

  /**
   * The same with the pictures resized on another executor, {@code Runnable::run} for the calling
   * thread. The result does not depend on it.
   *
   * @return an embedding of D values for each picture, in their order
   */
  public float[][] embed(List<Image> images, Executor executor) {
    try {
      return embed(images, PixelImage::of, executor);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Embeds what can be opened as pictures, each decoded and resized on an executor, in batches that
   * fit into memory: {@code embed(paths, decoder::decode, ForkJoinPool.commonPool())}.
   *
   * @param opener how an item becomes a picture
   * @return an embedding of D values for each item, in their order
   * @throws IOException the first item's that could not be opened
   */
  public <T> float[][] embed(List<T> items, ImageOpener<? super T> opener, Executor executor)
      throws IOException {
    float[][] embeddings = new float[items.size()][];
    ImageBatches.of(tower.config(), device())
        .forEach(
            items.size(),
            (from, to) -> {
              float[] values = embedBatch(items.subList(from, to), opener, executor);
              int size = embeddingSize();
              for (int i = from; i < to; i++) {
                embeddings[i] =
                    Arrays.copyOfRange(values, (i - from) * size, (i - from + 1) * size);
              }
            });
    return embeddings;
  }

  private <T> float[] embedBatch(List<T> items, ImageOpener<? super T> opener, Executor executor)
      throws IOException {
    try (TensorScope scope = TensorScope.of(manager);
        GradMode off = GradMode.noGrad()) {
      NDArray pixels = preprocessing.toPixels(scope.manager(), items, opener, executor);
      return tower.embed(pixels).toFloatArray();
    }
  }

  /**
   * The tokens that a vision-language model's projector takes.
   *
   * @param pixels {@code [N,3,S,S]} float32 in [0,1]
   * @param layer which tokens
   * @return {@code [N,T,C]} float32, owned by the manager of {@code pixels} and differentiable
   */
  public NDArray tokens(NDArray pixels, TokenLayer layer) {
    checkRange(pixels);
    NDArray tokens = tower.hiddenState(pixels, layer.blocks(tower.depth()));
    if (layer.postNorm()) {
      tokens = tower.postNorm(tokens);
    }
    if (!tower.hasClassToken()) {
      if (layer.classToken()) {
        throw new IllegalArgumentException(
            "a "
                + tower.getClass().getSimpleName()
                + " has no class token; take tokens without it");
      }
      return tokens;
    }
    return layer.classToken() ? tokens : tokens.get(new NDIndex(":, 1:"));
  }

  /**
   * This encoder as a DJL block from pixels {@code [N,3,S,S]} in [0,1] to embeddings, for models
   * that change their block. It has no parameters to train and lives as long as this encoder.
   */
  public EncoderBlock asBlock() {
    return EncoderBlock.ofEmbedding(this);
  }

  /** The same from pixels to tokens {@code [N,T,C]}. */
  public EncoderBlock asBlock(TokenLayer layer) {
    return EncoderBlock.ofTokens(this, layer);
  }

  /** An attack may stand a rounding outside [0,1] and brings its pixels back itself. */
  private static void checkRange(NDArray pixels) {
    if (!Autograd.isRecorded(pixels)) {
      ThreatModel.checkPixels(pixels);
    }
  }

  @Override
  public int embeddingSize() {
    return tower.config().embeddingSize();
  }

  @Override
  public int imageSize() {
    return tower.config().imageSize();
  }

  /** How pictures become this encoder's pixels. */
  public ClipPreprocessing preprocessing() {
    return preprocessing;
  }

  /** The architecture of the CLIP that this encoder belongs to. */
  public ClipConfig config() {
    return checkpoint.config();
  }

  /** The arithmetic of the layers: FLOAT32, BFLOAT16 or FLOAT16, whatever AUTO came to. */
  @Override
  public Precision precision() {
    return tower.precision();
  }

  /** The device that the weights are on. */
  @Override
  public Device device() {
    return manager.getDevice();
  }

  ClipCheckpoint checkpoint() {
    return checkpoint;
  }

  @Override
  public Map<String, NDArray> parameters() {
    return tower.parameters();
  }

  @Override
  public RobustClipEncoder copy() {
    NDManager owner = NDManager.newBaseManager(manager.getDevice(), "PyTorch");
    return new RobustClipEncoder(tower.copy(), checkpoint, owner);
  }

  @Override
  public RobustClipEncoder withActivationCheckpointing() {
    return new RobustClipEncoder(
        tower.withActivationCheckpointing(), checkpoint, manager.newSubManager());
  }

  /**
   * Writes Hugging Face's layout: {@code config.json}, {@code preprocessor_config.json}, {@code
   * model.safetensors}, and the tokenizer if there is one. A text tower that came with this encoder
   * is read from where it was loaded and written unchanged. A ConvNeXt, which Hugging Face's CLIP
   * does not have, is written in open_clip's layout.
   *
   * @param directory made if absent; one that was saved before is replaced whole
   * @throws java.nio.file.FileAlreadyExistsException if the directory holds anything else
   */
  public void save(Path directory) throws IOException {
    try (NDManager reading = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
      Map<String, NDArray> tensors = TowerLoader.complete(checkpoint, tower.parameters(), reading);
      if (config().vision() instanceof ConvNextConfig) {
        OpenClipWriter.write(config(), tensors, checkpoint.tokenizer(), directory);
      } else {
        HuggingFaceWriter.write(config(), tensors, checkpoint.tokenizer(), directory);
      }
    }
  }

  /**
   * Writes a directory that DJL and DJL Serving load without this library, with the text tower that
   * came with this encoder and its tokenizer; see {@link TorchScriptExport}.
   *
   * @throws IOException if the text tower can't be read, or writing fails; what was there stays
   */
  public void exportTorchScript(Path directory) throws IOException {
    if (config().text().isEmpty()) {
      writeTorchScript(Optional.empty(), directory);
      return;
    }
    try (TextTransformer text = TowerLoader.text(checkpoint, device())) {
      Optional<byte[]> json = TowerLoader.tokenizerJson(checkpoint, text.config());
      double logitScale = TowerLoader.logitScale(checkpoint);
      writeTorchScript(Optional.of(new TorchScriptExport.Text(text, logitScale, json)), directory);
    }
  }

  void writeTorchScript(Optional<TorchScriptExport.Text> text, Path directory) throws IOException {
    TorchScriptExport.write(tower, config().normalization(), text, directory);
  }

  @Override
  public void close() {
    tower.close();
    manager.close();
  }
}
