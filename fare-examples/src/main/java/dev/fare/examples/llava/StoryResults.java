package dev.fare.examples.llava;

import dev.fare.evaluation.Picture;
import dev.fare.evaluation.vlm.StealthTarget;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * What the story found, for the terminal and the page.
 *
 * @param scenes number of pictures
 * @param steps of every attack
 * @param encoder where the robust encoder came from, for readers
 * @param stealth success rates, one row an epsilon
 * @param captions scores of captions, one row an encoder
 * @param answers scores of answers to questions, one row an encoder
 * @param examples what users read
 */
record StoryResults(
    int scenes,
    int steps,
    String encoder,
    List<Stealth> stealth,
    List<Scores> captions,
    List<Scores> answers,
    List<Example> examples) {

  /**
   * Success rates of targeted attacks on all pictures, in [0,1].
   *
   * @param goal what the assistant should say
   * @param epsilon in 255ths
   * @param original against the original encoder
   * @param swapped the same pictures, after the swap
   * @param robust against the robust encoder itself
   * @param back the pictures that were made against the robust encoder, shown to the original
   */
  record Stealth(
      String goal, int epsilon, double original, double swapped, double robust, double back) {}

  /**
   * How well pictures are talked about; 1 is 100 in print.
   *
   * @param encoder whose
   * @param clean of clean pictures
   * @param attacked after the untargeted attacks, at 2/255 and at 4/255
   */
  record Scores(String encoder, double clean, List<Double> attacked) {

    /** The three in print. */
    List<String> cells() {
      return Stream.concat(Stream.of(clean), attacked.stream())
          .map(score -> String.format(Locale.ROOT, "%.1f", 100 * score))
          .toList();
    }
  }

  /**
   * One picture on its way.
   *
   * @param epsilon in 255ths
   * @param before what the user reads about the clean picture
   * @param deceived about the attacked one
   * @param after about the attacked one after the swap
   */
  record Example(
      StealthTarget target,
      int epsilon,
      Picture clean,
      Picture attacked,
      String before,
      String deceived,
      String after) {}

  /** As people read it in a terminal. */
  String toText() {
    StringBuilder text = new StringBuilder();
    text.append(
        String.format(
            Locale.ROOT,
            "%nThe assistant says what the attacker wants (%d pictures)%n"
                + "%-24s %18s %18s %18s %18s%n",
            scenes,
            "",
            "original",
            "same, swapped",
            "robust attacked",
            "those, original"));
    for (Stealth row : stealth) {
      text.append(
          String.format(
              Locale.ROOT,
              "%-24s %18s %18s %18s %18s%n",
              row.goal() + ", " + row.epsilon() + "/255",
              percent(row.original()),
              percent(row.swapped()),
              percent(row.robust()),
              percent(row.back())));
    }
    appendScores(text, "Captions, CIDEr-D", captions);
    appendScores(text, "Answers, VQA accuracy", answers);
    for (Example example : examples) {
      text.append(
          String.format(
              Locale.ROOT,
              "%n%s, %d/255%n  clean picture:     %s%n  attacked picture:  %s%n  after the swap:    %s%n",
              example.target().kind(),
              example.epsilon(),
              example.before(),
              example.deceived(),
              example.after()));
    }
    return text.toString();
  }

  private static void appendScores(StringBuilder text, String name, List<Scores> rows) {
    String line = "%-24s %10s %10s %10s%n";
    text.append(String.format("%n" + line, name, "clean", "2/255", "4/255"));
    for (Scores row : rows) {
      List<String> cells = row.cells();
      text.append(String.format(line, row.encoder(), cells.get(0), cells.get(1), cells.get(2)));
    }
  }

  static String percent(double share) {
    return String.format(Locale.ROOT, "%.1f %%", 100 * share);
  }
}
