package dev.fare.models.export;

import static com.google.common.base.Preconditions.checkArgument;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.fare.image.PixelNormalization;
import dev.fare.io.ModelFormatException;
import dev.fare.models.ClipCheckpoints;
import dev.fare.models.ClipModel;
import dev.fare.models.RobustClipEncoder;
import dev.fare.models.VisionTowerFile;
import dev.fare.models.export.gguf.Mmproj;
import dev.fare.models.export.onnx.OnnxExport;
import dev.fare.models.format.ClipCheckpoint;
import dev.fare.models.format.huggingface.HuggingFaceWriter;
import dev.fare.models.format.openclip.OpenClipWriter;
import dev.fare.torch.GradMode;
import dev.fare.torch.RecordedBlock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Writes a CLIP of any layout as any other, and embeds an image before and after.
 *
 * <pre>{@code
 * Conversion written =
 *     ModelConverter.of(Path.of("fare4-clip")).write(ModelFormat.OPEN_CLIP, Path.of("fare4-open-clip"));
 * }</pre>
 */
public final class ModelConverter {

  private static final double TOLERANCE = 1e-5;
  private static final double HALF_TOLERANCE = 2e-2;

  private final ClipCheckpoint source;
  private DataType type = DataType.FLOAT32;
  private Optional<Path> mmproj = Optional.empty();

  private ModelConverter(ClipCheckpoint source) {
    this.source = source;
  }

  /**
   * Starts from a model in any layout that {@link ClipCheckpoints} reads.
   *
   * @throws IOException if it can't be read or used
   */
  public static ModelConverter of(Path source) throws IOException {
    return of(ClipCheckpoints.read(source));
  }

  /** Starts from a model that was read by other means, such as a vision tower on its base. */
  public static ModelConverter of(ClipCheckpoint source) {
    return new ModelConverter(source);
  }

  /** Chooses FLOAT16 for Hugging Face's layout and ONNX, at half the size and rounded. */
  public ModelConverter type(DataType value) {
    checkArgument(
        value == DataType.FLOAT32 || value == DataType.FLOAT16,
        "weights can be written as FLOAT32 or FLOAT16, got %s",
        value);
    type = value;
    return this;
  }

  /** The LLaVA file whose vision tower is replaced, for {@link ModelFormat#GGUF}. */
  public ModelConverter mmproj(Path base) {
    mmproj = Optional.of(base);
    return this;
  }

  /**
   * Writes the model and compares.
   *
   * @param target a file or directory, replaced whole
   * @throws IllegalArgumentException if the format can't hold this model
   * @throws ModelFormatException if what was written embeds the image differently
   * @throws IOException if reading or writing fails
   */
  public Conversion write(ModelFormat format, Path target) throws IOException {
    checkArgument(
        type == DataType.FLOAT32
            || format == ModelFormat.HUGGING_FACE
            || format == ModelFormat.ONNX,
        "%s is written as FLOAT32, FLOAT16 is for HUGGING_FACE and ONNX",
        format);
    try (RobustClipEncoder encoder =
        RobustClipEncoder.builder(source).device(Device.cpu()).load()) {
      switch (format) {
        case TORCHSCRIPT -> encoder.exportTorchScript(target);
        case ONNX -> writeOnnx(encoder, target);
        case GGUF -> Mmproj.read(base()).withVisionTower(encoder, target);
        default -> writeTensors(format, target);
      }
      return new Conversion(format, target, compare(encoder, format, target));
    }
  }

  private Path base() {
    return mmproj.orElseThrow(
        () ->
            new IllegalArgumentException(
                "GGUF needs the LLaVA file whose vision tower is replaced; name it with mmproj(path)"));
  }

  private void writeOnnx(RobustClipEncoder encoder, Path directory) throws IOException {
    OnnxExport.vision(encoder).type(type).write(directory.resolve("vision_model.onnx"));
    if (source.config().text().isPresent()) {
      try (ClipModel clip = ClipModel.of(encoder.copy())) {
        OnnxExport.text(clip).type(type).write(directory.resolve("text_model.onnx"));
      }
    }
  }

  private void writeTensors(ModelFormat format, Path target) throws IOException {
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
      Map<String, NDArray> tensors = new LinkedHashMap<>();
      for (String name : source.tensors().keySet()) {
        tensors.put(name, source.tensor(name).read(manager));
      }
      switch (format) {
        case HUGGING_FACE ->
            HuggingFaceWriter.write(source.config(), tensors, source.tokenizer(), source.preprocessing(), target, type);
        case OPEN_CLIP ->
            OpenClipWriter.write(source.config(), tensors, source.tokenizer(), source.preprocessing(), target);
        case VISION_TORCH -> VisionTowerFile.writeTorch(source.config(), tensors, target);
        default -> VisionTowerFile.write(source.config(), tensors, target);
      }
    }
  }

  private OptionalDouble compare(RobustClipEncoder before, ModelFormat format, Path target)
      throws IOException {
    if (format == ModelFormat.ONNX || format == ModelFormat.GGUF) {
      return OptionalDouble.empty();
    }
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
        GradMode off = GradMode.noGrad()) {
      NDArray pixels = image(before.imageSize(), manager);
      NDArray expected = before.embed(pixels);
      NDArray actual = embed(format, target, pixels);
      double difference =
          (double) actual.sub(expected).norm().getFloat() / expected.norm().getFloat();
      if (!(difference <= (type == DataType.FLOAT32 ? TOLERANCE : HALF_TOLERANCE))) {
        throw new ModelFormatException(
            target
                + ": what was written embeds an image differently than "
                + source.source()
                + ", by "
                + difference
                + " of the embedding's length; don't use it");
      }
      return OptionalDouble.of(difference);
    }
  }

  private NDArray embed(ModelFormat format, Path target, NDArray pixels) throws IOException {
    if (format == ModelFormat.TORCHSCRIPT) {
      Path model = target.resolve("model.pt");
      try (RecordedBlock script = RecordedBlock.load(model, Device.cpu())) {
        return script.call("get_image_features", normalized(pixels));
      }
    }
    ClipCheckpoint written =
        Files.isDirectory(target)
            ? ClipCheckpoints.read(target)
            : VisionTowerFile.read(target, source);
    try (RobustClipEncoder after = RobustClipEncoder.builder(written).device(Device.cpu()).load()) {
      return after.embed(pixels);
    }
  }

  private NDArray normalized(NDArray pixels) {
    PixelNormalization normalization = source.config().normalization();
    NDManager manager = pixels.getManager();
    return pixels
        .sub(channels(normalization.mean(), manager))
        .div(channels(normalization.std(), manager));
  }

  private static NDArray channels(List<Double> values, NDManager manager) {
    float[] floats = new float[values.size()];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = values.get(i).floatValue();
    }
    return manager.create(floats, new Shape(1, floats.length, 1, 1));
  }

  /** An image with edges and gradients of all directions and colours. */
  private static NDArray image(int size, NDManager manager) {
    NDArray index = manager.arange(3f * size * size);
    return index.mul(index.mul(0.001)).sin().mul(0.5).add(0.5).reshape(1, 3, size, size);
  }
}
