package dev.fare.examples.quickstart;

import dev.fare.Classifier;
import dev.fare.data.InMemoryImages;
import dev.fare.evaluation.EvaluationAttacks;
import dev.fare.evaluation.RobustnessEvaluation;
import dev.fare.evaluation.report.TrainingPoint;
import dev.fare.examples.emoji.EmojiBatch;
import dev.fare.examples.emoji.EmojiData;
import dev.fare.training.StepResult;
import dev.fare.training.TrainingListener;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** Shows how the training goes, and keeps the curves for the report. */
final class TrainingCurves implements TrainingListener, AutoCloseable {

  /** Few enough to cost seconds, enough to see the trend. */
  private static final int PROBE_IMAGES = 48;

  private static final int PROBES = 5;

  private final int steps;
  private final RobustnessEvaluation evaluation;
  private final InMemoryImages probe;
  private final ProgressBar bar;
  private final List<TrainingPoint> points = new ArrayList<>();
  private String robustness = "";
  private double cleanCosine = 1;

  TrainingCurves(int steps, PrintWriter out, Classifier classifier, EmojiData data) {
    this.steps = steps;
    // scenes of the training drawings: the test sets are not looked at before the end
    EmojiBatch scenes = data.trainingBatch(1L << 40, PROBE_IMAGES, 0);
    int side = (int) Math.round(Math.sqrt(scenes.images().length / 3.0 / PROBE_IMAGES));
    probe = InMemoryImages.of(scenes.images(), side).labels(scenes.labels(), data.pack().names());
    evaluation =
        RobustnessEvaluation.builder(side)
            .model("trained", classifier)
            .attack(EvaluationAttacks.pgd(10, 1, 0))
            .linf(4 / 255.0)
            .build();
    out.flush();
    bar =
        new ProgressBarBuilder()
            .setTaskName("FARE")
            .setInitialMax(steps)
            .setStyle(ProgressBarStyle.ASCII)
            .setUpdateIntervalMillis(2_000)
            .build();
  }

  @Override
  public void onStep(StepResult result) {
    cleanCosine = result.cleanCosine().orElse(cleanCosine);
    int step = points.size() + 1;
    points.add(
        new TrainingPoint(
            step, result.loss(), cleanCosine, result.adversarialCosine(), result.learningRate()));
    if (step % Math.max(1, steps / PROBES) == 0) {
      robustness = String.format(Locale.ROOT, ", robust at 4/255 %.0f %%", 100 * robustShare());
    }
    bar.setExtraMessage(String.format(Locale.ROOT, " loss %.1f%s", result.loss(), robustness));
    bar.step();
  }

  /** The share of probe pictures that survive a short attack. */
  private double robustShare() {
    return evaluation.evaluate("probe", probe).models().get(0).threats().get(0).robust().value();
  }

  List<TrainingPoint> points() {
    return List.copyOf(points);
  }

  @Override
  public void close() {
    bar.close();
  }
}
