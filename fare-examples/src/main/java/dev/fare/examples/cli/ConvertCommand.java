package dev.fare.examples.cli;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.fare.examples.audit.ModelSource;
import dev.fare.io.WeightTensor;
import dev.fare.models.RobustClipEncoder;
import dev.fare.models.format.ClipCheckpoint;
import dev.fare.models.format.HuggingFaceWriter;
import dev.fare.models.format.OpenClipWriter;
import dev.fare.models.format.VisionTowerFile;
import dev.fare.torch.GradMode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code fare convert}. */
@Command(
    name = "convert",
    description = {
      "Writes a CLIP in another layout, and checks that what was written embeds as before.",
      "huggingface and open-clip are directories, vision-tower is a safetensors file with the names"
          + " of the paper's .pt files."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false,
    footer = {
      "",
      "The paper's file as a directory that loads anywhere:",
      "  fare convert --model fare_eps_4.pt --base clip-vit-large-patch14 \\",
      "      --to huggingface --output fare4"
    })
final class ConvertCommand implements Callable<Integer> {

  /** What images are embedded before and after. */
  private static final int PROBES = 4;

  /** Half precision keeps 11 bits of a weight. */
  private static final double HALF_TOLERANCE = 2e-2;

  /** What can be written. */
  enum Layout {
    HUGGINGFACE,
    OPEN_CLIP,
    VISION_TOWER;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  @Mixin private ModelOptions model = new ModelOptions();

  @Option(
      names = "--to",
      required = true,
      paramLabel = "<layout>",
      description = "${COMPLETION-CANDIDATES}")
  private Layout layout = Layout.HUGGINGFACE;

  @Option(names = "--half", description = "huggingface: weights in float16, half the size")
  private boolean half;

  @Option(
      names = "--output",
      required = true,
      paramLabel = "<path>",
      description = "a directory, or a file for vision-tower")
  private Path output = Path.of("");

  @Mixin private CommonOptions common = new CommonOptions();

  @Override
  public Integer call() throws IOException {
    if (half && layout != Layout.HUGGINGFACE) {
      throw new IllegalArgumentException("--half is for huggingface, not for " + layout);
    }
    try (Terminal terminal = common.terminal()) {
      ModelSource source = model.source();
      write(source.checkpoint());
      double difference = difference(source, written(source));
      double tolerance = half ? HALF_TOLERANCE : 0;
      if (!(difference <= tolerance)) {
        throw new IOException(
            "%s embeds otherwise than %s: they differ by %.2g of an embedding's length"
                .formatted(output, source.path(), difference));
      }
      terminal.say("%s: embeddings differ by %.2g of their length", output, difference);
      Map<String, Object> result = new LinkedHashMap<>();
      result.put("output", output.toString());
      result.put("layout", layout.toString());
      result.put("largestDifference", difference);
      terminal.result(result);
      return 0;
    }
  }

  private void write(ClipCheckpoint checkpoint) throws IOException {
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
      Map<String, NDArray> tensors = new LinkedHashMap<>();
      for (Map.Entry<String, WeightTensor> tensor : checkpoint.tensors().entrySet()) {
        tensors.put(tensor.getKey(), tensor.getValue().read(manager));
      }
      switch (layout) {
        case HUGGINGFACE ->
            HuggingFaceWriter.write(
                checkpoint.config(),
                tensors,
                checkpoint.tokenizer(),
                output,
                half ? DataType.FLOAT16 : DataType.FLOAT32);
        case OPEN_CLIP ->
            OpenClipWriter.write(checkpoint.config(), tensors, checkpoint.tokenizer(), output);
        case VISION_TOWER -> VisionTowerFile.write(checkpoint.config(), tensors, output);
      }
    }
  }

  /** A vision tower alone is looked at on what it came from. */
  private ModelSource written(ModelSource source) {
    return layout == Layout.VISION_TOWER
        ? new ModelSource(output, Optional.of(source.base().orElse(source.path())))
        : ModelSource.of(output);
  }

  /** The largest distance of embeddings before and after, as a share of their length. */
  private static double difference(ModelSource before, ModelSource after) throws IOException {
    double largest = 0;
    float[][] expected = embeddings(before);
    float[][] found = embeddings(after);
    if (found[0].length != expected[0].length) {
      throw new IOException(
          "%s has embeddings of %d numbers instead of %d"
              .formatted(after.path(), found[0].length, expected[0].length));
    }
    for (int i = 0; i < expected.length; i++) {
      double length = 0;
      double distance = 0;
      for (int j = 0; j < expected[i].length; j++) {
        length += (double) expected[i][j] * expected[i][j];
        distance += Math.pow((double) expected[i][j] - found[i][j], 2);
      }
      largest = Math.max(largest, Math.sqrt(distance / length));
    }
    return largest;
  }

  private static float[][] embeddings(ModelSource source) throws IOException {
    try (RobustClipEncoder encoder = source.encoder().device(Device.cpu()).load();
        NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
        GradMode off = GradMode.off()) {
      int side = encoder.imageSize();
      float[] pixels = new float[PROBES * 3 * side * side];
      Random random = new Random(0);
      for (int i = 0; i < pixels.length; i++) {
        pixels[i] = random.nextFloat();
      }
      NDArray embedded = encoder.embed(manager.create(pixels, new Shape(PROBES, 3, side, side)));
      float[] flat = embedded.toFloatArray();
      float[][] rows = new float[PROBES][flat.length / PROBES];
      for (int i = 0; i < flat.length; i++) {
        rows[i / rows[0].length][i % rows[0].length] = flat[i];
      }
      return rows;
    }
  }
}
