package dev.fare.cli;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.fare.data.DatasetInspection;
import dev.fare.data.ImageDataset;
import dev.fare.evaluation.audit.ImageSource;
import dev.fare.evaluation.audit.ModelSource;
import dev.fare.evaluation.report.ReportFiles;
import dev.fare.evaluation.report.ReportModel;
import dev.fare.evaluation.report.TextTable;
import dev.fare.evaluation.report.Verdict;
import dev.fare.io.TextFile;
import dev.fare.models.format.ClipCheckpoint;
import dev.fare.models.format.ClipConfig;
import dev.fare.models.text.TextConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code fare inspect}. */
@Command(
    name = "inspect",
    description = {
      "Says what a path holds: a CLIP (architecture, sizes, activation, parameters, SHA-256), the"
          + " checkpoints of a training, a report, or images (classes, and what is wrong with them:"
          + " unreadable files, the same picture twice)."
    },
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "  fare inspect clip-vit-base-patch32",
      "  fare inspect fare4-run",
      "  fare inspect photos"
    })
final class InspectCommand implements Callable<Integer> {

  private static final String STATE = "state.json";

  /** A list of so many entries is shown, of a longer one the length. */
  private static final int SHORT = 5;

  private static final List<String> LISTS = List.of(".csv", ".tsv", ".jsonl", ".txt", ".tar");
  private static final List<String> MODEL_FILES =
      List.of(".json", ".safetensors", ".bin", ".pt", ".pth", ".onnx", ".gguf");

  /** At which pictures are compared; those that differ in details only are still told apart. */
  private static final int COMPARED_SIDE = 224;

  @Parameters(
      paramLabel = "<path>",
      description = "a model, a run's directory, a report.json or images")
  private Path path = Path.of("");

  @Option(
      names = "--base",
      paramLabel = "<path>",
      description = "the CLIP that a vision tower's file was tuned from")
  private @Nullable Path base;

  @Mixin private CommonOptions common = new CommonOptions();

  @Override
  public Integer call() throws IOException {
    if (!Files.exists(path)) {
      throw new NoSuchFileException(path.toString());
    }
    try (Terminal terminal = common.terminal()) {
      Optional<Path> newest = newestCheckpoint();
      Map<String, Object> facts;
      if (newest.isPresent()) {
        facts = run(newest.get());
      } else if (path.toString().endsWith(".json")) {
        ReportModel report = ReportFiles.read(path);
        facts = report(report);
        if (!report.evaluations().isEmpty()) {
          terminal.say("%s%n", TextTable.of(report.evaluations()));
        }
        report.retrievals().forEach(found -> terminal.say("%s%n", TextTable.of(found)));
      } else if (holdsImages()) {
        facts = images();
      } else {
        facts = model();
      }
      terminal.table(facts);
      terminal.result(facts);
      return 0;
    }
  }

  private boolean holdsImages() throws IOException {
    if (!Files.isDirectory(path)) {
      return LISTS.stream().anyMatch(path.toString()::endsWith);
    }
    try (Stream<Path> files = Files.list(path)) {
      return files.noneMatch(file -> MODEL_FILES.stream().anyMatch(file.toString()::endsWith));
    }
  }

  private Map<String, Object> images() throws IOException {
    ImageDataset data = ImageSource.open(path.toString()).data();
    DatasetInspection inspection = DatasetInspection.of(data, COMPARED_SIDE);
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("kind", "images");
    facts.put("images", inspection.images());
    facts.put("classes", data.classNames().size());
    inspection.imagesOfClass().entrySet().stream()
        .min(
            Map.Entry.<String, Integer>comparingByValue().thenComparing(Map.Entry.comparingByKey()))
        .ifPresent(
            fewest -> facts.put("fewest in a class", fewest.getValue() + ", " + fewest.getKey()));
    facts.put("unreadable", inspection.unreadable().size());
    facts.put("groups of the same picture", inspection.duplicates().size());
    facts.put("problems", inspection.problems());
    return facts;
  }

  private Map<String, Object> model() throws IOException {
    ModelSource source = new ModelSource(path, Optional.ofNullable(base));
    ClipCheckpoint checkpoint = source.checkpoint();
    ClipConfig config = checkpoint.config();
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("kind", config.text().isPresent() ? "CLIP" : "vision tower");
    facts.put("layout", layout(checkpoint));
    facts.put("image size", config.vision().imageSize());
    facts.put("embedding size", config.vision().embeddingSize());
    facts.put("vision", config.vision().toString());
    facts.put("vision parameters", parameters(checkpoint, true));
    if (config.text().isPresent()) {
      TextConfig text = config.text().get();
      facts.put("text", text.toString());
      facts.put("text parameters", parameters(checkpoint, false));
      facts.put("tokenizer", checkpoint.tokenizer().map(Path::toString).orElse("none beside it"));
    }
    facts.put("normalization", config.normalization().toString());
    source.digests().forEach((file, hash) -> facts.put("SHA-256 of " + file, hash));
    return facts;
  }

  private String layout(ClipCheckpoint checkpoint) {
    Path directory = Files.isDirectory(path) ? path : path.toAbsolutePath().getParent();
    if (base != null) {
      return checkpoint.source();
    }
    if (directory != null && Files.exists(directory.resolve("open_clip_config.json"))) {
      return "open_clip";
    }
    return directory != null && Files.exists(directory.resolve("config.json"))
        ? "Hugging Face"
        : "TorchScript archive";
  }

  private static long parameters(ClipCheckpoint checkpoint, boolean vision) {
    return checkpoint.tensors().entrySet().stream()
        .filter(tensor -> tensor.getKey().startsWith("visual.") == vision)
        .mapToLong(tensor -> tensor.getValue().shape().size())
        .sum();
  }

  private Optional<Path> newestCheckpoint() throws IOException {
    if (Files.exists(path.resolve(STATE))) {
      return Optional.of(path);
    }
    return checkpoints().stream().reduce((older, newer) -> newer);
  }

  private List<Path> checkpoints() throws IOException {
    if (!Files.isDirectory(path)) {
      return List.of();
    }
    try (Stream<Path> entries = Files.list(path)) {
      return entries.filter(entry -> Files.exists(entry.resolve(STATE))).sorted().toList();
    }
  }

  private Map<String, Object> run(Path newest) throws IOException {
    JsonObject state;
    try {
      state = JsonParser.parseString(TextFile.read(newest.resolve(STATE))).getAsJsonObject();
    } catch (JsonParseException | IllegalStateException e) {
      throw new IOException(newest.resolve(STATE) + " can't be read: " + e.getMessage(), e);
    }
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("kind", "training");
    facts.put("checkpoints", checkpoints().stream().map(Path::getFileName).toList().toString());
    flatten("", state, facts);
    return facts;
  }

  private static void flatten(String prefix, JsonObject json, Map<String, Object> facts) {
    json.entrySet()
        .forEach(
            entry -> {
              if (entry.getValue().isJsonObject()) {
                flatten(entry.getKey() + ".", entry.getValue().getAsJsonObject(), facts);
              } else {
                facts.put(prefix + entry.getKey(), text(entry.getValue()));
              }
            });
  }

  private static String text(JsonElement value) {
    if (value.isJsonPrimitive()) {
      return value.getAsString();
    }
    boolean isLong = value.isJsonArray() && value.getAsJsonArray().size() > SHORT;
    return isLong ? value.getAsJsonArray().size() + " entries" : value.toString();
  }

  private static Map<String, Object> report(ReportModel report) {
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("kind", "report");
    facts.put("verdict", Verdict.of(report).headline());
    report
        .provenance()
        .forEach(entry -> facts.put(entry.group() + ", " + entry.name(), entry.value()));
    return facts;
  }
}
