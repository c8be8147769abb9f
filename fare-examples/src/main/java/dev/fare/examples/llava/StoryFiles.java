package dev.fare.examples.llava;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.fare.examples.emoji.EmojiPair;
import dev.fare.io.AtomicFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;

/**
 * What should be said about pictures, as files of the COCO caption and VQA challenges: everything
 * that is scored is read from there.
 *
 * @param captions people's captions; images have the numbers of the pictures
 * @param questions one about each picture
 * @param answers to the questions, ten each and all the same, because they follow from the drawing
 */
record StoryFiles(Path captions, Path questions, Path answers) {

  private static final int PEOPLE = 10;

  /** Writes the files of pictures that show something into a directory. */
  static StoryFiles write(Path directory, List<EmojiPair> pictures, EmojiTalk talk)
      throws IOException {
    StoryFiles files =
        new StoryFiles(
            directory.resolve("captions.json"),
            directory.resolve("questions.json"),
            directory.resolve("answers.json"));
    JsonArray captions = new JsonArray();
    JsonArray questions = new JsonArray();
    JsonArray answers = new JsonArray();
    for (int image = 0; image < pictures.size(); image++) {
      for (String text : talk.captions(pictures.get(image))) {
        JsonObject caption = about(image);
        caption.addProperty("id", captions.size());
        caption.addProperty("caption", text);
        captions.add(caption);
      }
      EmojiTalk.Exchange exchange = talk.shortExchange(pictures.get(image), draw(image));
      JsonObject question = about(image);
      question.addProperty("question_id", image);
      question.addProperty("question", exchange.question());
      questions.add(question);
      JsonObject answer = about(image);
      answer.addProperty("question_id", image);
      answer.add("answers", ofPeople(exchange.answer()));
      answers.add(answer);
    }
    Files.createDirectories(directory);
    write(files.captions, "annotations", captions);
    write(files.questions, "questions", questions);
    write(files.answers, "annotations", answers);
    return files;
  }

  private static JsonObject about(int image) {
    JsonObject entry = new JsonObject();
    entry.addProperty("image_id", image);
    return entry;
  }

  private static SplittableRandom draw(int image) {
    return new SplittableRandom(image).split();
  }

  private static JsonArray ofPeople(String text) {
    JsonArray all = new JsonArray();
    for (int i = 0; i < PEOPLE; i++) {
      JsonObject answer = new JsonObject();
      answer.addProperty("answer_id", i + 1);
      answer.addProperty("answer", text);
      all.add(answer);
    }
    return all;
  }

  private static void write(Path file, String key, JsonArray entries) throws IOException {
    JsonObject whole = new JsonObject();
    whole.add(key, entries);
    AtomicFile.write(file, whole.toString().getBytes(UTF_8));
  }
}
