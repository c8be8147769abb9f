package dev.fare.evaluation.vlm;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.fare.AttackOptions;
import dev.fare.AttackResult;
import dev.fare.ThreatModel;
import dev.fare.attacks.ApgdAttack;
import dev.fare.evaluation.Picture;
import dev.fare.vlm.TextListener;
import dev.fare.vlm.VlmObjective;
import dev.fare.vlm.llava.LlavaModel;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.LongStream;

/**
 * The stealth attack of the paper's section 5.2: pictures that make an assistant say a sentence.
 *
 * <p>Every picture is attacked with APGD towards every sentence, and leaves the attack when greedy
 * decoding would write the sentence. The attack has succeeded where the sentence appears in the
 * model's answer.
 */
public final class StealthTrial {

  /**
   * A picture that was made to deceive.
   *
   * @param image the number of the clean picture
   * @param target what it should make the assistant say
   * @param attacked what the attacker made of it
   */
  public record Attempt(int image, StealthTarget target, Picture attacked) {}

  private final ApgdAttack attack;
  private final Builder settings;

  private StealthTrial(Builder builder) {
    settings = builder;
    attack = builder.apgd(true);
  }

  /**
   * Starts a trial with the paper's 10,000 steps.
   *
   * @param threatModel what the attacker may do
   * @param question what the user asks about each picture
   */
  public static Builder builder(ThreatModel threatModel, String question) {
    return new Builder(threatModel, question);
  }

  /**
   * Attacks a model with every target, on every picture.
   *
   * @return target after target, each with the pictures in their order
   */
  public List<Attempt> attack(
      LlavaModel model, List<Picture> pictures, List<StealthTarget> targets) {
    List<Attempt> attempts = new ArrayList<>();
    for (StealthTarget target : targets) {
      for (int from = 0; from < pictures.size(); from += settings.batchSize) {
        int to = Math.min(pictures.size(), from + settings.batchSize);
        attempts.addAll(attack(model, pictures.subList(from, to), from, target));
      }
    }
    return attempts;
  }

  private List<Attempt> attack(
      LlavaModel model, List<Picture> pictures, int first, StealthTarget target) {
    VlmObjective objective =
        VlmObjective.towards(
            model,
            prompts(model, pictures.size()),
            Collections.nCopies(pictures.size(), target.sentence()));
    List<Attempt> attempts = new ArrayList<>();
    try (NDManager manager = VlmAttackBuilder.newManager(model)) {
      NDArray pixels = Picture.toPixels(pictures, manager);
      long[] ids = LongStream.range(first, first + pictures.size()).toArray();
      AttackResult result =
          attack.perturb(objective, pixels, AttackOptions.none().withImageIds(ids));
      for (Picture attacked : Picture.ofPixels(result.images())) {
        attempts.add(new Attempt(first + attempts.size(), target, attacked));
      }
    }
    return attempts;
  }

  /** What a model answers about pictures, as they are or attacked. */
  public List<String> answers(LlavaModel model, List<Picture> pictures) {
    List<String> answers = new ArrayList<>();
    for (int from = 0; from < pictures.size(); from += settings.batchSize) {
      int to = Math.min(pictures.size(), from + settings.batchSize);
      List<Picture> batch = pictures.subList(from, to);
      try (NDManager manager = VlmAttackBuilder.newManager(model)) {
        answers.addAll(
            model.generate(
                Picture.toPixels(batch, manager),
                prompts(model, batch.size()),
                settings.generation,
                TextListener.NONE));
      }
    }
    return answers;
  }

  /** What a model answers about attacked pictures. */
  public List<String> answersUnderAttack(LlavaModel model, List<Attempt> attempts) {
    return answers(model, attempts.stream().map(Attempt::attacked).toList());
  }

  /**
   * The share of attempts whose answer has the sentence in it, among those where the clean
   * picture's answer has not.
   *
   * @param clean the answers about the clean pictures
   * @param answers the answers about the attempts
   * @return from 0 to 1; 0 if every clean answer has its sentence already
   */
  public static double successRate(
      List<Attempt> attempts, List<String> clean, List<String> answers) {
    checkArgument(
        attempts.size() == answers.size(),
        "each attempt needs an answer, got %s and %s",
        attempts.size(),
        answers.size());
    int tried = 0;
    int won = 0;
    for (int i = 0; i < attempts.size(); i++) {
      StealthTarget target = attempts.get(i).target();
      if (!target.isIn(clean.get(attempts.get(i).image()))) {
        tried++;
        won += target.isIn(answers.get(i)) ? 1 : 0;
      }
    }
    return tried == 0 ? 0 : won / (double) tried;
  }

  private List<String> prompts(LlavaModel model, int count) {
    return Collections.nCopies(count, model.template().withImage(settings.question));
  }

  @Override
  public String toString() {
    return "StealthTrial[%s, %d steps, \"%s\"]"
        .formatted(settings.threatModel, settings.steps, settings.question);
  }

  /** Settings of a {@link StealthTrial}. */
  public static final class Builder extends VlmAttackBuilder<Builder> {

    private final String question;

    private Builder(ThreatModel threatModel, String question) {
      super(threatModel, 10_000);
      this.question = requireNonNull(question, "question");
    }

    @Override
    Builder self() {
      return this;
    }

    /** Makes the trial; the builder may be used again. */
    public StealthTrial build() {
      return new StealthTrial(copyTo(new Builder(threatModel, question)));
    }
  }
}
