package dev.fare.cli;

import static com.google.common.base.Preconditions.checkArgument;

import ai.djl.Device;
import ai.djl.ndarray.types.DataType;
import dev.fare.cli.options.LayoutNames;
import dev.fare.cli.options.ModelOptions;
import dev.fare.models.RobustClipEncoder;
import dev.fare.models.export.Conversion;
import dev.fare.models.export.ModelConverter;
import dev.fare.models.export.ModelFormat;
import dev.fare.models.format.ClipCheckpoint;
import dev.fare.vlm.llava.LlamaCppExport;
import dev.fare.vlm.llava.LlavaCheckpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code fare convert}. */
@Command(
    name = "convert",
    description = {
      "Writes a CLIP in another layout, and checks that what was written embeds an image as"
          + " before. Of onnx and gguf the weights are read back and compared.",
      "hugging-face, open-clip, torchscript and onnx are directories; vision-torch,"
          + " vision-safetensors and gguf are files with the vision tower alone. gguf with --llava"
          + " is a directory: a whole LLaVA for llama.cpp and Ollama."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false,
    abbreviateSynopsis = true,
    footer = {
      "",
      "The paper's file as a directory that loads anywhere:",
      "  fare convert --model fare_eps_4.pt --base clip-vit-large-patch14 \\",
      "      --to hugging-face --output fare4",
      "For ONNX Runtime and transformers.js:",
      "  fare convert --model fare4 --to onnx --output fare4-onnx",
      "For llama.cpp, the vision tower in a file that there is, or a whole LLaVA:",
      "  fare convert --model fare4 --to gguf --mmproj mmproj-f16.gguf --output mmproj-fare4.gguf",
      "  fare convert --model fare4 --to gguf --llava llava-1.5-7b-hf --half --output llava-fare4"
    })
final class ConvertCommand implements Callable<Integer> {

  @Mixin private ModelOptions model = new ModelOptions();

  @Option(
      names = "--to",
      required = true,
      paramLabel = "<layout>",
      completionCandidates = LayoutNames.class,
      description = "${COMPLETION-CANDIDATES}")
  private ModelFormat format = ModelFormat.HUGGING_FACE;

  @Option(
      names = "--half",
      description =
          "hugging-face, onnx, gguf with --llava: weights in float16, half the size and rounded")
  private boolean half;

  @Option(
      names = "--mmproj",
      paramLabel = "<file>",
      description = "gguf: the LLaVA file whose vision tower is replaced")
  private @Nullable Path mmproj;

  @Option(
      names = "--feature-layer",
      description =
          "gguf with --mmproj: the file names the layer of LLaVA's tokens; without it llama.cpp"
              + " leaves out one block too many")
  private boolean featureLayer;

  @Option(
      names = "--llava",
      paramLabel = "<directory>",
      description =
          "gguf: the LLaVA that is written with this vision tower; --model with the same directory"
              + " keeps its own")
  private @Nullable Path llava;

  @Option(
      names = "--output",
      required = true,
      paramLabel = "<path>",
      description = "a directory or file")
  private Path output = Path.of("");

  @Mixin private CommonOptions common = new CommonOptions();

  @Override
  public Integer call() throws IOException {
    CommonOptions.checkOutput(
        output,
        model.source().path().toString(),
        mmproj == null ? "" : mmproj.toString(),
        llava == null ? "" : llava.toString());
    checkArgument(
        llava == null || (format == ModelFormat.GGUF && mmproj == null),
        "--llava is for --to gguf, and takes the place of --mmproj");
    try (Terminal terminal = common.terminal()) {
      if (llava != null) {
        return writeLlava(llava, terminal);
      }
      ModelConverter converter =
          ModelConverter.of(model.source().checkpoint()).featureLayer(featureLayer);
      if (half) {
        converter.type(DataType.FLOAT16);
      }
      if (mmproj != null) {
        converter.mmproj(mmproj);
      }
      Conversion written = converter.write(format, output);
      Map<String, Object> result = new LinkedHashMap<>();
      result.put("output", output.toString());
      result.put("layout", LayoutNames.of(format));
      boolean isRun = written.compared() == Conversion.Compared.EMBEDDING;
      result.put("difference", written.difference());
      result.put("compared", isRun ? "embedding" : "weights");
      terminal.say(
          (isRun
                  ? "%s: an image embedded before and after differs by %.2g"
                  : "%s: the weights read back from it differ by %.2g; it was not run")
              .formatted(output, written.difference()));
      terminal.result(result);
      return 0;
    }
  }

  private int writeLlava(Path directory, Terminal terminal) throws IOException {
    ClipCheckpoint vision =
        Files.isSameFile(directory, model.source().path())
            ? LlavaCheckpoint.read(directory).vision()
            : model.source().checkpoint();
    LlamaCppExport.Written written;
    try (RobustClipEncoder encoder =
        RobustClipEncoder.builder(vision).device(Device.cpu()).load()) {
      written =
          LlamaCppExport.of(directory, encoder)
              .type(half ? DataType.FLOAT16 : DataType.FLOAT32)
              .write(output);
    }
    terminal.say(
        "%s: the weights read back from it differ by %.2g; it was not run"
            .formatted(output, written.difference()));
    written.limits().forEach(limit -> terminal.say("llama.cpp: " + limit));
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("output", output.toString());
    result.put("layout", LayoutNames.of(format));
    result.put("difference", written.difference());
    result.put("compared", "weights");
    result.put("limits", written.limits());
    terminal.result(result);
    return 0;
  }
}
