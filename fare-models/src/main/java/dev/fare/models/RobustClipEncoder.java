package dev.fare.models;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

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
import dev.fare.models.hub.ModelHub;
import dev.fare.models.vision.TowerOptions;
import dev.fare.models.vision.VisionTower;
import dev.fare.torch.Autograd;
import dev.fare.torch.CallGuard;
import dev.fare.torch.GradMode;
import dev.fare.torch.Host;
import dev.fare.torch.TensorScope;
import dev.fare.torch.TorchDevices;
import dev.fare.training.TrainableEncoder;
import dev.fare.training.loss.TokenEncoder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinPool;
import org.jspecify.annotations.Nullable;

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
 * <p>Safe for use from many threads, except that training changes the weights under everybody.
 * {@link #close} waits for the calls that are going on; later ones throw an {@link
 * IllegalStateException}.
 */
public final class RobustClipEncoder implements TrainableEncoder, TokenEncoder {

  private final VisionTower tower;
  private final ClipCheckpoint checkpoint;
  private final ClipPreprocessing preprocessing;
  private final NDManager manager;
  private final ImageBatches batches;
  private final CallGuard guard = new CallGuard("encoder");

  RobustClipEncoder(VisionTower tower, ClipCheckpoint checkpoint, NDManager manager) {
    this.tower = tower;
    this.checkpoint = checkpoint;
    this.manager = manager;
    batches = ImageBatches.of(tower.config(), manager.getDevice());
    int size = tower.config().imageSize();
    preprocessing =
        checkpoint
            .preprocessing()
            .map(own -> own.withSize(size))
            .orElseGet(() -> ClipPreprocessing.openClip(size));
  }

  /**
   * Loads the vision tower of a CLIP in any layout that {@link ClipCheckpoints} reads, onto a GPU
   * where there is one, in float32.
   *
   * @param path a directory or file
   * @throws IOException if it can't be read, or can't be used: the message names file and tensor
   */
  public static RobustClipEncoder load(Path path) throws IOException {
    return builder(path).load();
  }

  /** Loads a vision tower onto a device. */
  public static RobustClipEncoder load(Path path, Device device) throws IOException {
    return builder(path).device(device).load();
  }

  /** Loads a vision tower in a precision. */
  public static RobustClipEncoder load(Path path, Precision precision) throws IOException {
    return builder(path).precision(precision).load();
  }

  /** Loads a vision tower onto a device in a precision. */
  public static RobustClipEncoder load(Path path, Device device, Precision precision)
      throws IOException {
    return builder(path).device(device).precision(precision).load();
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
    return builder(hubName).load();
  }

  /** Loads a model of the hub onto a device. */
  public static RobustClipEncoder load(String hubName, Device device) throws IOException {
    return builder(hubName).device(device).load();
  }

  /** Loads a model of the hub in a precision. */
  public static RobustClipEncoder load(String hubName, Precision precision) throws IOException {
    return builder(hubName).precision(precision).load();
  }

  /** Loads a model of the hub onto a device in a precision. */
  public static RobustClipEncoder load(String hubName, Device device, Precision precision)
      throws IOException {
    return builder(hubName).device(device).precision(precision).load();
  }

  /**
   * Starts to describe how to load a CLIP's vision tower.
   *
   * @param path a directory or file
   */
  public static Builder builder(Path path) {
    requireNonNull(path, "path");
    return new Builder(base -> Builder.read(path, base));
  }

  /** The same for a model of the hub, which {@link Builder#load} downloads. */
  public static Builder builder(String hubName) {
    requireNonNull(hubName, "hubName");
    return new Builder(base -> Builder.read(ModelHub.builder().build().download(hubName), base));
  }

  /** The same for a model whose files were read by other means. */
  public static Builder builder(ClipCheckpoint checkpoint) {
    requireNonNull(checkpoint, "checkpoint");
    return new Builder(
        base -> {
          checkArgument(base == null, "a model that was read is whole, got the base %s", base);
          return checkpoint;
        });
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
    return embedImages(List.of(image), Runnable::run)[0];
  }

  /**
   * Embeds pictures of any sizes, resized on all cores by the JVM's common pool, in batches that
   * fit into memory.
   *
   * @return an embedding of D values for each picture, in their order
   */
  public float[][] embed(List<Image> images) {
    return embedImages(images, ForkJoinPool.commonPool());
  }

  private float[][] embedImages(List<Image> images, Executor executor) {
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
    try (CallGuard.Call call = guard.enter()) {
      return batches.embed(
          items,
          batch -> {
            try (TensorScope scope = TensorScope.of(manager);
                GradMode off = GradMode.noGrad()) {
              NDArray pixels = preprocessing.toPixels(scope.manager(), batch, opener, executor);
              return Host.floats(tower.embed(pixels));
            }
          });
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
    NDArray tokens = tower.hiddenState(pixels, layer.depthIn(tower.config()));
    if (layer.postNorm()) {
      try (NDArray before = tokens) {
        tokens = tower.postNorm(before);
      }
    }
    if (layer.classToken() || !tower.config().hasClassToken()) {
      return tokens;
    }
    try (NDArray all = tokens) {
      return all.get(new NDIndex(":, 1:"));
    }
  }

  /**
   * This encoder as a DJL block from pixels {@code [N,3,S,S]} in [0,1] to embeddings, for models
   * that change their block. It has no parameters to train and lives as long as this encoder.
   */
  public EncoderBlock asBlock() {
    return new EncoderBlock(this, Optional.empty());
  }

  /** The same from pixels to tokens {@code [N,T,C]}. */
  public EncoderBlock asBlock(TokenLayer layer) {
    return new EncoderBlock(this, Optional.of(layer));
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

  VisionTower tower() {
    return tower;
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
    try (CallGuard.Call call = guard.enter()) {
      NDManager owner = NDManager.newBaseManager(manager.getDevice(), "PyTorch");
      return new RobustClipEncoder(tower.copy(), checkpoint, owner);
    }
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
    try (CallGuard.Call call = guard.enter()) {
      EncoderWriter.save(checkpoint, tower, directory);
    }
  }

  /**
   * Writes a directory that DJL and DJL Serving load without this library, with the text tower that
   * came with this encoder and its tokenizer; see {@link TorchScriptExport}.
   *
   * @throws IOException if the text tower can't be read, or writing fails; what was there stays
   */
  public void exportTorchScript(Path directory) throws IOException {
    try (CallGuard.Call call = guard.enter()) {
      EncoderWriter.exportTorchScript(checkpoint, tower, directory);
    }
  }

  @Override
  public String toString() {
    return "RobustClipEncoder[%s, %s, %s, %s]"
        .formatted(tower.config(), precision(), device(), checkpoint.source());
  }

  @Override
  public void close() {
    guard.close(
        () -> {
          tower.close();
          manager.close();
        });
  }

  /** How to load a {@link RobustClipEncoder}; one for each load. */
  public static final class Builder {

    private static final int LARGEST_IMAGE = 8192;

    /** Reads the files when {@link #load} is called, with the base that was named. */
    @FunctionalInterface
    private interface Source {
      ClipCheckpoint read(@Nullable Path base) throws IOException;
    }

    private final Source source;
    private @Nullable Path base;
    private @Nullable Device device;
    private Precision precision = Precision.FLOAT32;
    private OptionalInt imageSize = OptionalInt.empty();
    private boolean lowLatency;
    private boolean deterministic;

    private Builder(Source source) {
      this.source = source;
    }

    /**
     * The CLIP that a vision tower was fine-tuned from, where the tower was published alone, as the
     * paper's {@code fare_eps_4.pt}. What is saved later has this CLIP's text tower and tokenizer.
     *
     * @param clip in any layout that {@link ClipCheckpoints} reads
     */
    public Builder base(Path clip) {
      base = requireNonNull(clip, "clip");
      return this;
    }

    /** Where the weights go; by default a GPU where there is one. */
    public Builder device(Device value) {
      device = requireNonNull(value, "device");
      return this;
    }

    /**
     * The arithmetic of the layers, FLOAT32 by default. AUTO takes BFLOAT16 on GPUs from compute
     * capability 8.0 and on CPUs with AMX or AVX-512's bfloat16 products, FLOAT32 elsewhere; {@link
     * RobustClipEncoder#precision} says which.
     */
    public Builder precision(Precision value) {
      precision = requireNonNull(value, "precision");
      return this;
    }

    /**
     * Height and width of the images, by default what the weights were trained for. For another
     * size a vision transformer's position table is interpolated as open_clip does it: bicubic with
     * antialiasing. Hugging Face's {@code interpolate_pos_encoding} has another filter and gives
     * other embeddings.
     *
     * @param pixels at least one patch
     * @throws IllegalArgumentException if it is not between 1 and 8192
     */
    public Builder imageSize(int pixels) {
      checkArgument(
          pixels >= 1 && pixels <= LARGEST_IMAGE,
          "imageSize must be between 1 and %s pixels, got %s",
          LARGEST_IMAGE,
          pixels);
      imageSize = OptionalInt.of(pixels);
      return this;
    }

    /**
     * Whether to keep a second copy of a vision transformer's matrices, in the order in which a CPU
     * multiplies them fastest where there are few tokens: for servers that embed a picture or two
     * at a time in float32. Off by default: it doubles the memory of the weights and takes a
     * fraction of a second at the start. Embeddings agree with the others to rounding. On GPUs, in
     * half precision and for a ConvNeXt it changes nothing.
     */
    public Builder lowLatency(boolean value) {
      lowLatency = value;
      return this;
    }

    /**
     * Whether gradients are the same bit by bit in every run on the same GPU, so that a training
     * that is resumed is, too. Attention is then plain products and a softmax instead of libtorch's
     * fused kernel, whose backward pass sums in no fixed order: more memory, {@code N·heads·T²}
     * numbers for each block, and more time. Off by default. On a CPU gradients are always the
     * same.
     */
    public Builder deterministic(boolean value) {
      deterministic = value;
      return this;
    }

    /**
     * Loads the encoder.
     *
     * @throws IOException if the weights can't be read, or can't be used: the message names file
     *     and tensor
     * @throws IllegalArgumentException if the architecture can't take images of the size, or there
     *     is no such GPU
     */
    public RobustClipEncoder load() throws IOException {
      Device target = TorchDevices.orDefault(device);
      ClipCheckpoint read = source.read(base);
      if (imageSize.isPresent()) {
        read = Resolution.change(read, imageSize.getAsInt());
      }
      Precision chosen = PrecisionChoice.of(precision, target);
      VisionTower tower =
          TowerLoader.vision(read, target, chosen, new TowerOptions(lowLatency, deterministic));
      return new RobustClipEncoder(tower, read, NDManager.newBaseManager(target, "PyTorch"));
    }

    private static ClipCheckpoint read(Path path, @Nullable Path base) throws IOException {
      return base == null
          ? ClipCheckpoints.read(path)
          : VisionTowerFile.read(path, ClipCheckpoints.read(base));
    }
  }
}
