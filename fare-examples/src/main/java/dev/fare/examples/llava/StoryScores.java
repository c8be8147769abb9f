package dev.fare.examples.llava;

import dev.fare.ThreatModel;
import dev.fare.evaluation.answers.CaptionFiles;
import dev.fare.evaluation.vlm.UntargetedEnsemble;
import dev.fare.evaluation.vlm.UntargetedReport;
import dev.fare.evaluation.vlm.VlmTask;
import dev.fare.vlm.llava.LlavaModel;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * The scores of captions and answers by the paper's untargeted attacks.
 *
 * @param scenes the pictures
 * @param files what should be said about them
 * @param steps of each attack
 */
record StoryScores(StoryScenes scenes, StoryFiles files, int steps) {

  /**
   * CIDEr-D of captions.
   *
   * @param half the model in half precision, for the attacks that search
   * @param radii in 255ths
   */
  StoryResults.Scores captions(String name, LlavaModel half, LlavaModel single, int[] radii)
      throws IOException {
    VlmTask task =
        VlmTask.captions(
            CaptionFiles.readCaptionReferences(files.captions()),
            single.template().withImage(EmojiTalk.CAPTION),
            VlmTask.COCO_THRESHOLD);
    return run(name, half, single, radii, task);
  }

  /** VQA accuracy of answers. */
  StoryResults.Scores answers(String name, LlavaModel half, LlavaModel single, int[] radii)
      throws IOException {
    VlmTask task =
        VlmTask.questions(
            CaptionFiles.readVqaQuestions(files.questions()),
            CaptionFiles.readVqaReferences(files.answers()),
            single.template());
    return run(name, half, single, radii, task);
  }

  private StoryResults.Scores run(
      String name, LlavaModel half, LlavaModel single, int[] radii, VlmTask task) {
    double clean = 0;
    List<Double> worst = new ArrayList<>();
    for (int radius : radii) {
      UntargetedReport report =
          UntargetedEnsemble.builder(single, ThreatModel.linf(radius / 255.0))
              .searchModel(half)
              .steps(steps)
              .build()
              .run(task, scenes.pictures());
      clean = report.cleanScore();
      worst.add(report.robustScore());
    }
    return new StoryResults.Scores(name, clean, worst);
  }
}
