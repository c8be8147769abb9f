package dev.fare.examples.llava;

import dev.fare.evaluation.Picture;
import java.util.List;
import java.util.Locale;

/**
 * What the story found, for the terminal and the page.
 *
 * @param scenes number of pictures
 * @param iterations of every attack
 * @param encoder where the robust encoder came from, for readers
 * @param stealth success rates, one row an epsilon
 * @param captions scores of captions, one row an encoder
 * @param examples what users read
 */
record StoryResults(
    int scenes,
    int iterations,
    String encoder,
    List<Stealth> stealth,
    List<CaptionScores> captions,
    List<Example> examples) {

  /**
   * Success rates of the six targets on all pictures, in [0,1].
   *
   * @param epsilon in 255ths
   * @param original against the original encoder
   * @param swapped the same pictures, after the swap
   * @param robust against the robust encoder itself
   * @param back the pictures that were made against the robust encoder, shown to the original
   */
  record Stealth(int epsilon, double original, double swapped, double robust, double back) {}

  /**
   * CIDEr-D of captions.
   *
   * @param encoder whose
   * @param clean of clean pictures
   * @param at2 after the untargeted attacks at 2/255
   * @param at4 at 4/255
   */
  record CaptionScores(String encoder, double clean, double at2, double at4) {}

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
            "%nThe assistant says the attacker's sentence (%d pictures x 6 sentences)%n"
                + "%-8s %18s %18s %18s %18s%n",
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
              "%-8s %18s %18s %18s %18s%n",
              row.epsilon() + "/255",
              percent(row.original()),
              percent(row.swapped()),
              percent(row.robust()),
              percent(row.back())));
    }
    text.append(
        String.format(
            Locale.ROOT, "%nCaptions, CIDEr-D     %10s %10s %10s%n", "clean", "2/255", "4/255"));
    for (CaptionScores row : captions) {
      text.append(
          String.format(
              Locale.ROOT,
              "%-20s %11.1f %10.1f %10.1f%n",
              row.encoder(),
              100 * row.clean(),
              100 * row.at2(),
              100 * row.at4()));
    }
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

  static String percent(double share) {
    return String.format(Locale.ROOT, "%.1f %%", 100 * share);
  }
}
