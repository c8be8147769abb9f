package dev.fare.cli.options;

import ai.djl.Device;
import dev.fare.Precision;
import dev.fare.evaluation.audit.ModelSource;
import dev.fare.models.RobustClipEncoder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which CLIP, and how it is loaded. */
public final class ModelOptions {

  @Option(
      names = "--model",
      required = true,
      paramLabel = "<path>",
      description =
          "a CLIP: a directory in Hugging Face's or open_clip's layout, one of OpenAI's archives,"
              + " or with --base a vision tower's file")
  private Path path = Path.of("");

  @Option(
      names = "--base",
      paramLabel = "<path>",
      description = "the CLIP that the vision tower was tuned from")
  private @Nullable Path base;

  @Option(
      names = "--device",
      paramLabel = "<device>",
      description = "cpu, gpu0, ...; a GPU by default where there is one")
  private @Nullable String device;

  @Option(
      names = "--precision",
      paramLabel = "<p>",
      description = "${COMPLETION-CANDIDATES}; default ${DEFAULT-VALUE}")
  private Precision precision = Precision.FLOAT32;

  public ModelSource source() {
    return new ModelSource(path, Optional.ofNullable(base));
  }

  public RobustClipEncoder load() throws IOException {
    RobustClipEncoder.Builder builder = source().encoder().precision(precision);
    if (device != null) {
      builder.device(Device.fromName(device));
    }
    return builder.load();
  }

  /** A vision tower's file goes onto the base, everything else is whole. */
  public static ModelSource source(Path path, @Nullable Path base) {
    boolean isTower = base != null && Files.isRegularFile(path);
    return new ModelSource(path, isTower ? Optional.ofNullable(base) : Optional.empty());
  }
}
