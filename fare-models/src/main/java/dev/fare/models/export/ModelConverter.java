package dev.fare.models.export;

import static com.google.common.base.Preconditions.checkArgument;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.fare.Precision;
import dev.fare.image.PixelNormalization;
import dev.fare.io.LazyTensor;
import dev.fare.io.ModelFormatException;
import dev.fare.models.ClipCheckpoints;
import dev.fare.models.RobustClipEncoder;
import dev.fare.models.TokenLayer;
import dev.fare.models.VisionTowerFile;
import dev.fare.models.export.Conversion.Compared;
import dev.fare.models.export.gguf.Mmproj;
import dev.fare.models.export.onnx.OnnxDirectory;
import dev.fare.models.format.ClipCheckpoint;
import dev.fare.models.format.WeightDifference;
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

/**
 * Writes a CLIP of any layout as any other, and compares what was written with what was read.
 *
 * <pre>{@code
 * Conversion written =
 *     ModelConverter.of(Path.of("fare4-clip")).write(ModelFormat.OPEN_CLIP, Path.of("fare4-open-clip"));
 * }</pre>
 */
public final class ModelConverter {

  private static final double TOLERANCE = 1e-5;
  private static final double HALF_TOLERANCE = 2e-2;

  /** What rounding weights to half precision may change of their length. */
  private static final double ROUNDING = 1e-3;

  private final ClipCheckpoint source;
  private DataType type = DataType.FLOAT32;
  private Optional<Path> mmproj = Optional.empty();
  private boolean hasFeatureLayer;

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
   * Whether the written {@link ModelFormat#GGUF} names the layer of LLaVA's tokens; see {@link
   * Mmproj#withFeatureLayer}.
   */
  public ModelConverter featureLayer(boolean value) {
    hasFeatureLayer = value;
    return this;
  }

  /**
   * Writes the model and compares.
   *
   * @param target a file or directory, replaced whole
   * @throws IllegalArgumentException if the format can't hold this model
   * @throws ModelFormatException if what was written differs by more than rounding
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
      if (format == ModelFormat.ONNX) {
        return new Conversion(format, target, writeOnnx(encoder, target), Compared.WEIGHTS);
      }
      if (format == ModelFormat.GGUF) {
        Mmproj base = Mmproj.read(base());
        (hasFeatureLayer ? base.withFeatureLayer(TokenLayer.LLAVA) : base)
            .withVisionTower(encoder, target);
        return new Conversion(format, target, compareWeights(encoder, target), Compared.WEIGHTS);
      }
      if (format == ModelFormat.TORCHSCRIPT) {
        encoder.exportTorchScript(target);
      } else {
        writeTensors(format, target);
      }
      double difference = compare(encoder, format, target);
      return new Conversion(format, target, difference, Compared.EMBEDDING);
    }
  }

  private Path base() {
    return mmproj.orElseThrow(
        () ->
            new IllegalArgumentException(
                "GGUF needs the LLaVA file whose vision tower is replaced; name it with mmproj(path)"));
  }

  private double writeOnnx(RobustClipEncoder encoder, Path directory) throws IOException {
    if (type == DataType.FLOAT16) {
      checkHalf(encoder, directory);
    }
    double difference = OnnxDirectory.write(source, encoder, type, directory);
    return check(difference, type == DataType.FLOAT32 ? 0 : ROUNDING, directory);
  }

  private void writeTensors(ModelFormat format, Path target) throws IOException {
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
      Map<String, NDArray> tensors = new LinkedHashMap<>();
      for (String name : source.tensors().keySet()) {
        tensors.put(name, source.tensor(name).read(manager));
      }
      switch (format) {
        case HUGGING_FACE ->
            HuggingFaceWriter.write(
                source.config(), tensors, source.tokenizer(), source.preprocessing(), target, type);
        case OPEN_CLIP ->
            OpenClipWriter.write(
                source.config(), tensors, source.tokenizer(), source.preprocessing(), target);
        case VISION_TORCH -> VisionTowerFile.writeTorch(source.config(), tensors, target);
        default -> VisionTowerFile.write(source.config(), tensors, target);
      }
    }
  }

  private double compare(RobustClipEncoder before, ModelFormat format, Path target)
      throws IOException {
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
        GradMode off = GradMode.noGrad()) {
      NDArray pixels = image(before.imageSize(), manager);
      NDArray expected = before.embed(pixels);
      NDArray actual = embed(format, target, pixels);
      double difference =
          (double) actual.sub(expected).norm().getFloat() / expected.norm().getFloat();
      double tolerance = type == DataType.FLOAT32 ? TOLERANCE : HALF_TOLERANCE;
      return check(difference, tolerance, target);
    }
  }

  /** What an mmproj holds now, against the tower, relative to the length of all its weights. */
  private double compareWeights(RobustClipEncoder encoder, Path target) throws IOException {
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
        GradMode off = GradMode.noGrad()) {
      Map<String, NDArray> ours =
          HuggingFaceWriter.visionTensors(encoder.config().vision(), encoder.parameters(), manager);
      WeightDifference difference = new WeightDifference();
      for (Map.Entry<String, LazyTensor> stored : Mmproj.read(target).tensors().entrySet()) {
        NDArray tensor = ours.get(stored.getKey());
        if (tensor != null) {
          try (NDManager step = manager.newSubManager()) {
            difference.add(stored.getValue().read(step), tensor);
          }
        }
      }
      return check(difference.relative(), ROUNDING, target);
    }
  }

  private double check(double difference, double tolerance, Path target)
      throws ModelFormatException {
    if (!(difference <= tolerance)) {
      throw new ModelFormatException(
          target
              + ": what was written differs from "
              + source.source()
              + " by "
              + difference
              + " of its length; don't use it");
    }
    return difference;
  }

  /** Half precision may overflow between the layers: libtorch's is tried before one is written. */
  private void checkHalf(RobustClipEncoder encoder, Path target) throws IOException {
    try (RobustClipEncoder half =
            RobustClipEncoder.builder(source)
                .device(Device.cpu())
                .precision(Precision.FLOAT16)
                .load();
        NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
        GradMode off = GradMode.noGrad()) {
      NDArray pixels = image(encoder.imageSize(), manager);
      NDArray expected = encoder.embed(pixels);
      double difference = half.embed(pixels).sub(expected).norm().getFloat();
      check(difference / expected.norm().getFloat(), HALF_TOLERANCE, target);
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
