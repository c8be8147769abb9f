package dev.fare.training;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import com.google.gson.JsonObject;
import dev.fare.io.AtomicFile;
import dev.fare.torch.Versions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * A model card as Hugging Face shows it: front matter, then what the model is, how it was made, and
 * what was measured, in Markdown.
 *
 * <p>A card is made to be published: of an absolute path, wherever it comes from, it keeps the last
 * name alone.
 */
public final class ModelCard {

  private static final String CARD = "README.md";
  private static final String SUMMARY = "training.json";

  /** The files that a card is; they go when the model that they describe is replaced. */
  public static final Set<String> FILES = Set.of(CARD, SUMMARY);

  /**
   * The folders of an absolute path, on Unix and on Windows, before any option; not of a web
   * address.
   */
  private static final Pattern FOLDERS =
      Pattern.compile(
          "(?m)(?<=^|[\\s='\"(\\[,;`])(?:[A-Za-z]:[\\\\/]+|/(?=[^\\s/]))"
              + "(?:(?:(?! -)[^\\\\/\\n,;'\"\\[\\]])*[^\\\\/\\s,;'\"\\[\\]][\\\\/]+)*");

  private final TrainingSummary summary;
  private final String name;
  private final Map<String, String> numbers = new LinkedHashMap<>();
  private String license = "other";
  private String baseModel = "";
  private String threatModel = "";
  private String command = "";

  private ModelCard(String name, TrainingSummary summary) {
    this.name = requireNonNull(name, "name");
    this.summary = requireNonNull(summary, "summary");
    summary.validation().forEach((metric, value) -> number(metric, format(value)));
  }

  /** A card of what a run has made, with the numbers of its validation. */
  public static ModelCard of(String name, TrainingSummary summary) {
    return new ModelCard(name, summary);
  }

  /** An SPDX identifier in lower case; {@code other} by default. */
  public ModelCard license(String license) {
    this.license = requireNonNull(license, "license");
    return this;
  }

  /** What was fine-tuned, for example {@code openai/clip-vit-large-patch14}. */
  public ModelCard baseModel(String baseModel) {
    this.baseModel = requireNonNull(baseModel, "baseModel");
    return this;
  }

  /** What the attacker of the training could do, for example {@code l∞, 4/255}. */
  public ModelCard threatModel(String threatModel) {
    this.threatModel = requireNonNull(threatModel, "threatModel");
    return this;
  }

  /** How to do it again, such as the command line that made it. */
  public ModelCard command(String command) {
    this.command = requireNonNull(command, "command");
    return this;
  }

  /** Adds a measured number. */
  public ModelCard number(String metric, String value) {
    numbers.put(requireNonNull(metric, "metric"), requireNonNull(value, "value"));
    return this;
  }

  /** The card. */
  public String markdown() {
    StringBuilder card = new StringBuilder();
    card.append("---\nlicense: ").append(quoted(license)).append('\n');
    if (!baseModel.isEmpty()) {
      card.append("base_model: ").append(quoted(baseModel)).append('\n');
    }
    card.append("pipeline_tag: zero-shot-image-classification\n");
    card.append("tags:\n- clip\n- adversarial-robustness\n- fare\n---\n\n");
    card.append("# ").append(name).append("\n\n");
    card.append(
        "A CLIP vision encoder that was fine-tuned without changing what it is for: it takes the"
            + " place of the original, and images that an attacker has changed a little are seen as"
            + " the original saw the unchanged ones ([Robust CLIP](https://arxiv.org/abs/2402.12336))."
            + "\n\n");
    if (!threatModel.isEmpty()) {
      card.append("Trained against: ").append(threatModel).append(". ");
    }
    card.append(
        "Against stronger or other changes nothing is promised, and robustness of the encoder does"
            + " not make a system around it safe.\n\n");
    table(card, "Measured", numbers);
    card.append("## Training\n\nData: ").append(summary.data()).append("\n\n");
    card.append(
        String.format(
            Locale.ROOT,
            "%d of %d steps, %d images in %.0f s; loss %s and cosine to the original %s at the"
                + " end.%n%n",
            summary.lastStep(),
            summary.settings().steps(),
            summary.images(),
            summary.duration().toMillis() / 1000.0,
            format(summary.finalLoss()),
            format(summary.finalAdversarialCosine())));
    table(card, "Settings", summary.settings().asMap());
    table(card, "Software", Versions.current());
    if (!summary.warnings().isEmpty()) {
      card.append("## Not as asked\n\n");
      summary.warnings().forEach(warning -> card.append("* ").append(warning).append('\n'));
      card.append('\n');
    }
    if (!command.isEmpty()) {
      card.append("## Again\n\n```\n").append(command).append("\n```\n");
    }
    return withoutFolders(card.toString());
  }

  static String withoutFolders(String text) {
    return FOLDERS.matcher(text).replaceAll("");
  }

  private static void table(StringBuilder card, String title, Map<String, String> rows) {
    if (rows.isEmpty()) {
      return;
    }
    card.append("## ").append(title).append("\n\n| | |\n|---|---|\n");
    rows.forEach(
        (key, value) ->
            card.append("| ")
                .append(key)
                .append(" | ")
                .append(value.replace("|", "\\|").replace('\n', ' '))
                .append(" |\n"));
    card.append('\n');
  }

  private static String format(double value) {
    return String.format(Locale.ROOT, "%.4g", value);
  }

  /** YAML in double quotes, where any text is safe. */
  private static String quoted(String text) {
    String escaped = text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", " ");
    return '"' + escaped + '"';
  }

  /**
   * Writes {@code README.md} and {@code training.json} beside a model; each is whole or absent. The
   * JSON is the summary's, with what this card was told before it.
   *
   * @param directory that exists
   */
  public void write(Path directory) throws IOException {
    AtomicFile.write(directory.resolve(CARD), markdown().getBytes(UTF_8));
    AtomicFile.write(directory.resolve(SUMMARY), json().getBytes(UTF_8));
  }

  private String json() {
    JsonObject json = new JsonObject();
    json.addProperty("name", name);
    json.addProperty("license", license);
    addIfKnown(json, "baseModel", baseModel);
    addIfKnown(json, "threatModel", threatModel);
    addIfKnown(json, "command", command);
    summary.json().asMap().forEach(json::add);
    return withoutFolders(TrainingSummary.GSON.toJson(json));
  }

  private static void addIfKnown(JsonObject json, String key, String value) {
    if (!value.isEmpty()) {
      json.addProperty(key, value);
    }
  }
}
