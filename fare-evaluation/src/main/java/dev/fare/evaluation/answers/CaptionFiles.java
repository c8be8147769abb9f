package dev.fare.evaluation.answers;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.fare.io.AtomicFile;
import dev.fare.io.TextFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * References and results in the files of the COCO caption and VQA challenges and of POPE. Ids are
 * numbers or strings there, and strings here.
 */
public final class CaptionFiles {

  /**
   * A question of POPE.
   *
   * @param id the question's id
   * @param image the file name of the image
   * @param text the question
   * @param isThere whether yes is right
   */
  public record PopeQuestion(String id, String image, String text, boolean isThere) {}

  /**
   * A question of the VQA challenge.
   *
   * @param id the question's id
   * @param image the id of the image
   * @param text the question
   */
  public record VqaQuestion(String id, String image, String text) {}

  private CaptionFiles() {}

  /**
   * People's captions by image id, from {@code {"annotations": [{"image_id": …, "caption": …}]}}.
   *
   * @throws IOException if the file can't be read or is of another form
   */
  public static Map<String, List<String>> readCaptionReferences(Path file) throws IOException {
    Map<String, List<String>> references = new LinkedHashMap<>();
    for (JsonObject annotation : objects(object(file), "annotations", file)) {
      references
          .computeIfAbsent(string(annotation, "image_id", file), id -> new ArrayList<>())
          .add(string(annotation, "caption", file));
    }
    return references;
  }

  /** A model's captions by image id, from {@code [{"image_id": …, "caption": …}]}. */
  public static Map<String, String> readCaptions(Path file) throws IOException {
    return readResults(file, "image_id", "caption");
  }

  /** Writes a model's captions as {@link #readCaptions} reads them. */
  public static void writeCaptions(Path file, Map<String, String> captions) throws IOException {
    writeResults(file, captions, "image_id", "caption");
  }

  /**
   * People's answers by question id, from {@code {"annotations": [{"question_id": …, "answers":
   * [{"answer": …}]}]}}.
   */
  public static Map<String, List<String>> readVqaReferences(Path file) throws IOException {
    Map<String, List<String>> references = new LinkedHashMap<>();
    for (JsonObject annotation : objects(object(file), "annotations", file)) {
      List<String> answers = new ArrayList<>();
      for (JsonObject answer : objects(annotation, "answers", file)) {
        answers.add(string(answer, "answer", file));
      }
      references.put(string(annotation, "question_id", file), answers);
    }
    return references;
  }

  /**
   * The questions, from {@code {"questions": [{"image_id": …, "question_id": …, "question": …}]}}.
   */
  public static List<VqaQuestion> readVqaQuestions(Path file) throws IOException {
    List<VqaQuestion> questions = new ArrayList<>();
    for (JsonObject question : objects(object(file), "questions", file)) {
      questions.add(
          new VqaQuestion(
              string(question, "question_id", file),
              string(question, "image_id", file),
              string(question, "question", file)));
    }
    return questions;
  }

  /** A model's answers by question id, from {@code [{"question_id": …, "answer": …}]}. */
  public static Map<String, String> readAnswers(Path file) throws IOException {
    return readResults(file, "question_id", "answer");
  }

  /** Writes a model's answers as {@link #readAnswers} reads them. */
  public static void writeAnswers(Path file, Map<String, String> answers) throws IOException {
    writeResults(file, answers, "question_id", "answer");
  }

  /** POPE's questions, one JSON object a line. */
  public static List<PopeQuestion> readPope(Path file) throws IOException {
    List<PopeQuestion> questions = new ArrayList<>();
    for (String line : TextFile.read(file).lines().toList()) {
      if (!line.isBlank()) {
        questions.add(popeQuestion(parse(line, file), file));
      }
    }
    return questions;
  }

  private static PopeQuestion popeQuestion(JsonElement line, Path file) throws IOException {
    if (!line.isJsonObject()) {
      throw wrong(file, "a JSON object a line", line);
    }
    JsonObject question = line.getAsJsonObject();
    String label = string(question, "label", file);
    if (!label.equals("yes") && !label.equals("no")) {
      throw wrong(file, "a label yes or no", question);
    }
    return new PopeQuestion(
        string(question, "question_id", file),
        string(question, "image", file),
        string(question, "text", file),
        label.equals("yes"));
  }

  private static Map<String, String> readResults(Path file, String key, String value)
      throws IOException {
    JsonElement all = parse(TextFile.read(file), file);
    if (!all.isJsonArray()) {
      throw wrong(file, "a list of results", all);
    }
    Map<String, String> results = new LinkedHashMap<>();
    for (JsonElement element : all.getAsJsonArray()) {
      if (!element.isJsonObject()) {
        throw wrong(file, "objects in its list", element);
      }
      JsonObject result = element.getAsJsonObject();
      if (results.put(string(result, key, file), string(result, value, file)) != null) {
        throw wrong(file, "one result for each " + key, result);
      }
    }
    return results;
  }

  private static void writeResults(Path file, Map<String, String> results, String key, String value)
      throws IOException {
    JsonArray all = new JsonArray();
    results.forEach(
        (id, text) -> {
          JsonObject result = new JsonObject();
          // COCO's own tools compare ids as numbers
          if (id.matches("[0-9]{1,18}")) {
            result.addProperty(key, Long.parseLong(id));
          } else {
            result.addProperty(key, id);
          }
          result.addProperty(value, text);
          all.add(result);
        });
    AtomicFile.write(file, new Gson().toJson(all).getBytes(StandardCharsets.UTF_8));
  }

  private static JsonObject object(Path file) throws IOException {
    JsonElement all = parse(TextFile.read(file), file);
    if (!all.isJsonObject()) {
      throw wrong(file, "a JSON object", all);
    }
    return all.getAsJsonObject();
  }

  private static JsonElement parse(String text, Path file) throws IOException {
    try {
      return JsonParser.parseString(text);
    } catch (JsonParseException e) {
      throw new IOException(file + " is not valid JSON: " + e.getMessage(), e);
    }
  }

  private static List<JsonObject> objects(JsonObject parent, String key, Path file)
      throws IOException {
    JsonElement list = parent.get(key);
    if (list == null || !list.isJsonArray()) {
      throw wrong(file, "a list under " + key, parent);
    }
    List<JsonObject> objects = new ArrayList<>();
    for (JsonElement element : list.getAsJsonArray()) {
      if (!element.isJsonObject()) {
        throw wrong(file, "objects in its list " + key, element);
      }
      objects.add(element.getAsJsonObject());
    }
    return objects;
  }

  private static String string(JsonObject object, String key, Path file) throws IOException {
    JsonElement value = object.get(key);
    if (value == null || !value.isJsonPrimitive()) {
      throw wrong(file, "a " + key + " in each of its objects", object);
    }
    return value.getAsString();
  }

  private static IOException wrong(Path file, String needed, JsonElement found) {
    String text = found.toString();
    return new IOException(
        file + " must have " + needed + ", got " + text.substring(0, Math.min(200, text.length())));
  }
}
