package dev.fare.examples.llava;

import ai.djl.ndarray.NDManager;
import com.google.common.collect.HashMultiset;
import com.google.common.collect.Multisets;
import dev.fare.ThreatModel;
import dev.fare.evaluation.answers.CaptionFiles;
import dev.fare.evaluation.answers.Cider;
import dev.fare.evaluation.answers.VqaAccuracy;
import dev.fare.vlm.llava.LlavaModel;
import dev.fare.vlm.llava.PromptTemplate;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleBiFunction;

/**
 * The scores of captions and answers by the paper's ladder of attacks.
 *
 * @param scenes the pictures
 * @param files what should be said about them
 * @param iterations of each attack
 */
record StoryScores(StoryScenes scenes, StoryFiles files, int iterations) {

  /** The paper's for COCO: 10 hundredths. */
  private static final double CIDER_THRESHOLD = 0.1;

  /** The paper's for VQA: wrong for everybody. */
  private static final double VQA_THRESHOLD = 0;

  private static final List<String> OTHER_WORDS = List.of("maybe", "Word");

  /** A task: what is asked, how answers are scored, and what the ladder ends with. */
  private record Task(
      List<CaptionEnsemble.Sample> samples,
      ToDoubleBiFunction<String, String> score,
      double threshold,
      List<String> otherWords) {}

  /**
   * CIDEr-D of captions.
   *
   * @param half the model in half precision, for the attacks that search
   * @param radii in 255ths
   */
  StoryResults.Scores captions(String name, LlavaModel half, LlavaModel single, int[] radii)
      throws IOException {
    Map<String, List<String>> references = CaptionFiles.readCaptionReferences(files.captions());
    String prompt = single.template().withImage(EmojiTalk.CAPTION);
    List<CaptionEnsemble.Sample> samples = new ArrayList<>();
    references.forEach((id, texts) -> samples.add(new CaptionEnsemble.Sample(id, prompt, texts)));
    Cider cider = new Cider(references);
    return run(
        name, half, single, radii, new Task(samples, cider::score, CIDER_THRESHOLD, List.of()));
  }

  /** VQA accuracy of answers, with the two attacks towards other words at the end. */
  StoryResults.Scores answers(String name, LlavaModel half, LlavaModel single, int[] radii)
      throws IOException {
    Map<String, List<String>> people = CaptionFiles.readVqaReferences(files.answers());
    PromptTemplate template = single.template();
    List<CaptionEnsemble.Sample> samples = new ArrayList<>();
    for (CaptionFiles.VqaQuestion question : CaptionFiles.readVqaQuestions(files.questions())) {
      samples.add(
          new CaptionEnsemble.Sample(
              question.id(),
              template.withImage(question.text()),
              mostFrequentFirst(given(people, question.id()))));
    }
    return run(
        name,
        half,
        single,
        radii,
        new Task(
            samples,
            (id, answer) -> VqaAccuracy.of(answer, given(people, id)),
            VQA_THRESHOLD,
            OTHER_WORDS));
  }

  private static List<String> given(Map<String, List<String>> people, String question) {
    List<String> answers = people.get(question);
    if (answers == null) {
      throw new IllegalArgumentException(
          "every question needs people's answers, but question " + question + " has none");
    }
    return answers;
  }

  private static List<String> mostFrequentFirst(List<String> answers) {
    return List.copyOf(Multisets.copyHighestCountFirst(HashMultiset.create(answers)).elementSet());
  }

  private StoryResults.Scores run(
      String name, LlavaModel half, LlavaModel single, int[] radii, Task task) {
    double clean = 0;
    List<Double> worst = new ArrayList<>();
    for (int radius : radii) {
      CaptionEnsemble ensemble =
          new CaptionEnsemble(
              half,
              single,
              ThreatModel.linf(radius / 255.0),
              iterations,
              task.score(),
              task.threshold(),
              task.otherWords(),
              StealthTrial.SHORT);
      try (NDManager manager = scenes.newManager()) {
        List<CaptionEnsemble.Outcome> outcomes =
            ensemble.run(scenes.pixels(manager), task.samples());
        clean = outcomes.stream().mapToDouble(CaptionEnsemble.Outcome::clean).average().orElse(0);
        worst.add(
            outcomes.stream().mapToDouble(CaptionEnsemble.Outcome::worst).average().orElse(0));
      }
    }
    return new StoryResults.Scores(name, clean, worst);
  }
}
