package dev.fare.examples.llava;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.AttackResult;
import dev.fare.ThreatModel;
import dev.fare.attacks.ApgdAttack;
import dev.fare.evaluation.Picture;
import dev.fare.vlm.TextListener;
import dev.fare.vlm.VlmObjective;
import dev.fare.vlm.language.GenerationOptions;
import dev.fare.vlm.llava.LlavaModel;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/**
 * The stealth attack of the paper's section 5.2: pictures that make an assistant say a sentence.
 *
 * @param scenes the pictures
 * @param iterations of APGD
 * @param seed of its random starts
 */
record StealthTrial(StoryScenes scenes, int iterations, long seed) {

  /** Longer than any target and any caption. */
  static final GenerationOptions SHORT = GenerationOptions.greedy(32);

  /**
   * A picture that was made to deceive.
   *
   * @param scene the number of the picture
   * @param target what it should make the assistant say
   * @param attacked what the attacker made of it
   */
  record Attempt(int scene, StealthTarget target, Picture attacked) {

    /** Whether an answer has the sentence in it, as the paper counts success. */
    boolean isIn(String answer) {
      String wanted = target.sentence().toLowerCase(Locale.ROOT);
      return answer.toLowerCase(Locale.ROOT).contains(wanted);
    }
  }

  /** Attacks a model with every target, on every picture. */
  List<Attempt> attack(LlavaModel model, ThreatModel threat, List<StealthTarget> targets) {
    List<Attempt> attempts = new ArrayList<>();
    String prompt = model.template().withImage(EmojiTalk.CAPTION);
    ApgdAttack apgd =
        ApgdAttack.builder(threat).steps(iterations).stopAtSuccess(true).seed(seed).build();
    for (StealthTarget target : targets) {
      try (NDManager manager = scenes.newManager()) {
        NDArray pixels = scenes.pixels(manager);
        VlmObjective objective =
            VlmObjective.towards(
                model,
                Collections.nCopies(scenes.size(), prompt),
                Collections.nCopies(scenes.size(), target.sentence()));
        AttackResult result = apgd.perturb(objective, pixels);
        for (int scene = 0; scene < scenes.size(); scene++) {
          attempts.add(new Attempt(scene, target, scenes.picture(result.images().get(scene))));
        }
      }
    }
    return attempts;
  }

  /** What a model's user reads about attacked pictures. */
  List<String> answers(LlavaModel model, List<Attempt> attempts) {
    return captions(model, attempts.stream().map(Attempt::attacked).toList());
  }

  /** What a model says about pictures, asked for a caption. */
  List<String> captions(LlavaModel model, List<Picture> pictures) {
    List<String> captions = new ArrayList<>();
    String prompt = model.template().withImage(EmojiTalk.CAPTION);
    for (int from = 0; from < pictures.size(); from += scenes.size()) {
      List<Picture> part = pictures.subList(from, Math.min(pictures.size(), from + scenes.size()));
      int side = part.get(0).width();
      try (NDManager manager = scenes.newManager()) {
        float[] values = new float[part.size() * 3 * side * side];
        for (int i = 0; i < part.size(); i++) {
          System.arraycopy(part.get(i).planes(), 0, values, i * 3 * side * side, 3 * side * side);
        }
        NDArray pixels = manager.create(values, new Shape(part.size(), 3, side, side));
        captions.addAll(
            model.generate(
                pixels, Collections.nCopies(part.size(), prompt), SHORT, TextListener.NONE));
      }
    }
    return captions;
  }

  /**
   * The share of attempts whose answer has the sentence in it, among those where the clean
   * picture's answer has not.
   */
  static double successRate(List<Attempt> attempts, List<String> before, List<String> answers) {
    int tried = 0;
    int won = 0;
    for (int i = 0; i < attempts.size(); i++) {
      Attempt attempt = attempts.get(i);
      if (!attempt.isIn(before.get(attempt.scene()))) {
        tried++;
        won += attempt.isIn(answers.get(i)) ? 1 : 0;
      }
    }
    return tried == 0 ? 0 : won / (double) tried;
  }
}
