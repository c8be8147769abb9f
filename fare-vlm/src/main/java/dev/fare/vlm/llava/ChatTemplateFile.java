package dev.fare.vlm.llava;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import dev.fare.io.StrictJson;
import dev.fare.io.TextFile;
import dev.fare.models.format.ConfigSection;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How a model's files say that questions become prompts: Hugging Face's {@code chat_template}, a
 * program in Jinja. None is run here. Read are those that {@link #toJson} writes and those of the
 * published LLaVA-1.5.
 */
final class ChatTemplateFile {

  static final String FILE = "chat_template.json";

  private static final Logger log = LoggerFactory.getLogger(ChatTemplateFile.class);
  static final String KEY = "chat_template";
  private static final String JINJA = "chat_template.jinja";
  private static final List<String> JSON_FILES =
      List.of(FILE, "processor_config.json", "tokenizer_config.json");

  /** A text in double quotes, which means the same in JSON and Jinja. */
  private static final String QUOTED = "(\"(?:[^\"\\\\]|\\\\.)*+\")";

  private static final Pattern OURS =
      Pattern.compile("\\{% set before = " + QUOTED + " %}\\{% set after = " + QUOTED + " %}.*");

  private static final String PROGRAM =
      """
      {% set before = %s %}{% set after = %s %}\
      {% for message in messages %}\
      {% if message['role'] == 'assistant' %}{{ after + ' ' }}{% else %}{{ before }}{% endif %}\
      {% if message['content'] is string %}{{ message['content'] }}{% else %}\
      {% for part in message['content'] if part['type'] == 'image' %}{{ '<image>\\n' }}{% endfor %}\
      {% for part in message['content'] if part['type'] == 'text' %}{{ part['text'] }}{% endfor %}\
      {% endif %}{% endfor %}{% if add_generation_prompt %}{{ after }}{% endif %}""";

  private ChatTemplateFile() {}

  /** The template of a directory's files; where there is none to follow, a guess that is said. */
  static PromptTemplate readOrGuess(Path directory) throws IOException {
    Optional<String> program = program(directory);
    Optional<PromptTemplate> known = program.flatMap(ChatTemplateFile::parse);
    if (known.isEmpty()) {
      log.warn(
          "{} has {}: questions become prompts as in Vicuna, which is a guess; name another with"
              + " LlavaModel.builder(path).template(...)",
          directory,
          program.isEmpty() ? "no chat template" : "a chat template that is not followed here");
    }
    return known.orElse(PromptTemplate.VICUNA_V1);
  }

  private static Optional<String> program(Path directory) throws IOException {
    Path jinja = directory.resolve(JINJA);
    if (Files.exists(jinja)) {
      return Optional.of(TextFile.read(jinja));
    }
    for (String name : JSON_FILES) {
      Path file = directory.resolve(name);
      if (Files.exists(file)) {
        ConfigSection section = new ConfigSection(StrictJson.read(file), file.toString());
        if (section.has(KEY) && !section.isList(KEY)) {
          return section.string(KEY);
        }
      }
    }
    return Optional.empty();
  }

  private static Optional<PromptTemplate> parse(String program) {
    Matcher ours = OURS.matcher(program);
    if (ours.matches()) {
      Gson gson = new Gson();
      return Optional.of(
          new PromptTemplate(
              gson.fromJson(ours.group(1), String.class),
              gson.fromJson(ours.group(2), String.class)));
    }
    if (program.contains("A chat between a curious")) {
      return Optional.of(PromptTemplate.VICUNA_V1);
    }
    return program.contains("['role'].upper() + ': '") && program.contains("'ASSISTANT:'")
        ? Optional.of(PromptTemplate.USER_ASSISTANT)
        : Optional.empty();
  }

  /** A {@code chat_template.json} that gives the prompts of a template in transformers, too. */
  static JsonObject toJson(PromptTemplate template) {
    Gson gson = new Gson();
    JsonObject json = new JsonObject();
    String program =
        PROGRAM
            .replaceFirst("%s", Matcher.quoteReplacement(gson.toJson(template.before())))
            .replaceFirst("= %s", Matcher.quoteReplacement("= " + gson.toJson(template.after())));
    json.addProperty(KEY, program);
    return json;
  }
}
