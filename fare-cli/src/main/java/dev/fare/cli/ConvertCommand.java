package dev.fare.cli;

import ai.djl.ndarray.types.DataType;
import dev.fare.cli.options.LayoutNames;
import dev.fare.cli.options.ModelOptions;
import dev.fare.models.export.Conversion;
import dev.fare.models.export.ModelConverter;
import dev.fare.models.export.ModelFormat;
import java.io.IOException;
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
          + " before.",
      "hugging-face, open-clip, torchscript and onnx are directories; vision-torch,"
          + " vision-safetensors and gguf are files with the vision tower alone."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false,
    abbreviateSynopsis = true,
    footer = {
      "",
      "The paper's file as a directory that loads anywhere:",
      "  fare convert --model fare_eps_4.pt --base clip-vit-large-patch14 \\",
      "      --to hugging-face --output fare4",
      "For ONNX Runtime, and for llama.cpp:",
      "  fare convert --model fare4 --to onnx --output fare4-onnx",
      "  fare convert --model fare4 --to gguf --mmproj mmproj-f16.gguf --output mmproj-fare4.gguf"
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
      description = "hugging-face and onnx: weights in float16, half the size and rounded")
  private boolean half;

  @Option(
      names = "--mmproj",
      paramLabel = "<file>",
      description = "gguf: the LLaVA file whose vision tower is replaced")
  private @Nullable Path mmproj;

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
        output, model.source().path().toString(), mmproj == null ? "" : mmproj.toString());
    try (Terminal terminal = common.terminal()) {
      ModelConverter converter = ModelConverter.of(model.source().checkpoint());
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
      result.put(
          "difference",
          written.difference().isPresent() ? written.difference().getAsDouble() : null);
      terminal.say(
          written.difference().isPresent()
              ? "%s: an image embedded before and after differs by %.2g"
                  .formatted(output, written.difference().getAsDouble())
              : output + ": written; embeddings of this layout are not compared");
      terminal.result(result);
      return 0;
    }
  }
}
