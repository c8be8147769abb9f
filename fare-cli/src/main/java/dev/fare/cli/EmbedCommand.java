package dev.fare.cli;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.cli.options.Count;
import dev.fare.cli.options.ImageOption;
import dev.fare.cli.options.ModelOptions;
import dev.fare.data.ImageDataset;
import dev.fare.evaluation.audit.ImageSource;
import dev.fare.image.UnreadableImageException;
import dev.fare.models.RobustClipEncoder;
import dev.fare.torch.GradMode;
import dev.fare.torch.Host;
import dev.fare.torch.TensorScope;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code fare embed}. */
@Command(
    name = "embed",
    description = {
      "Embeds images.",
      "The output's ending says how: .jsonl (a line {\"file\", \"embedding\"} an image), .npy"
          + " (NumPy, a row an image) or .safetensors (a tensor 'embeddings'); the latter two come"
          + " with the files' names beside them, in .txt: a line a row, where a line feed in a name is"
          + " \\n and a backslash \\\\."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false,
    abbreviateSynopsis = true,
    footer = {"", "  fare embed --model fare4 --images photos --output photos.npy --normalize"})
final class EmbedCommand implements Callable<Integer> {

  @Mixin private ModelOptions model = new ModelOptions();

  @Mixin private ImageOption images = new ImageOption();

  @Option(
      names = "--output",
      required = true,
      paramLabel = "<file>",
      description = ".jsonl, .npy or .safetensors")
  private Path output = Path.of("");

  @Option(names = "--normalize", description = "to unit length")
  private boolean normalize;

  @Option(
      names = "--skip-unreadable",
      description = "leave out images that can't be read, instead of failing")
  private boolean skipUnreadable;

  @Option(names = "--batch-size", paramLabel = "<n>", description = "default ${DEFAULT-VALUE}")
  private Count batchSize = new Count(32);

  @Mixin private CommonOptions common = new CommonOptions();

  @Override
  public Integer call() throws IOException {
    EmbeddingFile.Format format = EmbeddingFile.Format.of(output);
    CommonOptions.checkOutput(output, images.path());
    CommonOptions.checkOutput(EmbeddingFile.namesBeside(output), images.path());
    ImageSource source = images.open();
    ImageDataset data = source.data();
    List<String> names = new ArrayList<>();
    List<float[]> embeddings = new ArrayList<>();
    try (Terminal terminal = common.terminal();
        RobustClipEncoder encoder = model.load()) {
      for (int from = 0; from < data.size(); from += batchSize.value()) {
        int to = Math.min(data.size(), from + batchSize.value());
        embed(encoder, source, from, to, names, embeddings, terminal);
        terminal.progress("embed", to, data.size(), "");
      }
      if (names.isEmpty()) {
        throw new IOException("none of the " + data.size() + " images can be read");
      }
      EmbeddingFile.write(format, output, names, embeddings);
      int skipped = data.size() - names.size();
      terminal.say(
          "%d embeddings of %d numbers: %s", names.size(), encoder.embeddingSize(), output);
      terminal.result(
          Map.of(
              "images", names.size(),
              "skipped", skipped,
              "size", encoder.embeddingSize(),
              "output", output.toString()));
      return 0;
    }
  }

  private void embed(
      RobustClipEncoder encoder,
      ImageSource source,
      int from,
      int to,
      List<String> names,
      List<float[]> embeddings,
      Terminal terminal)
      throws IOException {
    int side = encoder.imageSize();
    FloatBuffer pixels = FloatBuffer.allocate((to - from) * 3 * side * side);
    int read = 0;
    for (int image = from; image < to; image++) {
      int start = pixels.position();
      try {
        source.data().read(image, side, pixels);
      } catch (UnreadableImageException e) {
        if (!skipUnreadable) {
          throw e;
        }
        pixels.position(start);
        terminal.warn("left out: " + e.getMessage());
        continue;
      }
      names.add(source.name(image));
      read++;
    }
    if (read == 0) {
      return;
    }
    try (NDManager manager = NDManager.newBaseManager(encoder.device(), "PyTorch");
        TensorScope scope = TensorScope.of(manager);
        GradMode off = GradMode.noGrad()) {
      NDArray batch = scope.manager().create(pixels.flip(), new Shape(read, 3, side, side));
      NDArray found = encoder.embed(batch);
      if (normalize) {
        found = found.div(found.square().sum(new int[] {1}, true).sqrt());
      }
      float[] values = Host.floats(found);
      int size = values.length / read;
      for (int i = 0; i < read; i++) {
        embeddings.add(Arrays.copyOfRange(values, i * size, (i + 1) * size));
      }
    }
  }
}
