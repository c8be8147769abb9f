package dev.fare.evaluation.vlm;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.fare.AttackOptions;
import dev.fare.ThreatModel;
import dev.fare.attacks.ApgdAttack;
import dev.fare.evaluation.Picture;
import dev.fare.evaluation.vlm.UntargetedReport.Outcome;
import dev.fare.evaluation.vlm.VlmTask.Sample;
import dev.fare.vlm.TextListener;
import dev.fare.vlm.VlmObjective;
import dev.fare.vlm.llava.LlavaModel;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Function;

/**
 * The paper's untargeted evaluation of a vision-language model (section 5.1): a list of attacks, of
 * which each picture keeps the answer of lowest score.
 *
 * <p>The first answer is to the clean picture. Then the search model, in half precision in the
 * paper, is attacked away from each of the first five references. Then the model itself is attacked
 * away from the worst of them, starting where that attack ended; last, towards each of the task's
 * targets. All attacks are APGD. A picture leaves as soon as its score is below the task's
 * threshold.
 */
public final class UntargetedEnsemble {

  /** So many references are attacked one by one. */
  private static final int REFERENCES = 5;

  private final Builder settings;
  private final ApgdAttack attack;

  private UntargetedEnsemble(Builder builder) {
    settings = builder;
    attack = builder.apgd(false);
  }

  /**
   * Starts an evaluation with the paper's 100 steps an attack.
   *
   * @param model the model in single precision
   * @param threatModel what the attacker may do
   */
  public static Builder builder(LlavaModel model, ThreatModel threatModel) {
    return new Builder(model, threatModel);
  }

  /**
   * Attacks pictures.
   *
   * @param pictures in the model's size, one for each of the task's samples
   */
  public UntargetedReport run(VlmTask task, List<Picture> pictures) {
    int count = task.samples().size();
    checkArgument(
        pictures.size() == count,
        "each sample needs a picture, got %s and %s",
        count,
        pictures.size());
    List<Outcome> outcomes = new ArrayList<>();
    for (int from = 0; from < count; from += settings.batchSize) {
      int to = Math.min(count, from + settings.batchSize);
      try (NDManager manager = VlmAttackBuilder.newManager(settings.model)) {
        NDArray pixels = Picture.toPixels(pictures.subList(from, to), manager);
        outcomes.addAll(new Batch(task, from, pixels).run());
      }
    }
    return new UntargetedReport(outcomes);
  }

  /** What is known about a picture on its way through the attacks. */
  private static final class Progress {
    final int number;
    final Sample sample;
    final NDArray clean;
    NDArray image;
    double cleanScore;
    double worst = Double.POSITIVE_INFINITY;
    String answer = "";
    int stage;
    int reference;

    Progress(int number, Sample sample, NDArray clean) {
      this.number = number;
      this.sample = sample;
      this.clean = clean;
      this.image = clean;
    }

    Outcome outcome() {
      return new Outcome(sample.id(), cleanScore, worst, answer, stage);
    }
  }

  /** Pictures that go through the attacks together. */
  private final class Batch {

    private final VlmTask task;
    private final NDManager manager;
    private final List<Progress> all = new ArrayList<>();

    Batch(VlmTask task, int first, NDArray pixels) {
      this.task = task;
      manager = pixels.getManager();
      for (int i = 0; i < pixels.getShape().get(0); i++) {
        int number = first + i;
        NDArray image = pixels.get(i + ":" + (i + 1));
        all.add(new Progress(number, task.samples().get(number), image));
      }
    }

    List<Outcome> run() {
      judge(settings.searchModel, all, images(all, p -> p.clean), 0);
      all.forEach(progress -> progress.cleanScore = progress.worst);
      for (int reference = 0; reference < REFERENCES; reference++) {
        awayFrom(reference);
      }
      awayFromTheWorst();
      for (int target = 0; target < task.targets().size(); target++) {
        towards(target);
      }
      return all.stream().map(Progress::outcome).toList();
    }

    private List<Progress> left() {
      return all.stream().filter(p -> p.worst > 0 && p.worst >= task.threshold()).toList();
    }

    private void awayFrom(int reference) {
      List<Progress> left =
          left().stream().filter(p -> p.sample.references().size() > reference).toList();
      if (!left.isEmpty()) {
        LlavaModel model = settings.searchModel;
        List<String> texts = texts(left, p -> p.sample.references().get(reference));
        VlmObjective objective = VlmObjective.awayFrom(model, prompts(left), texts);
        for (Progress worse : judge(model, left, attack(objective, left), reference + 1)) {
          worse.reference = reference;
        }
      }
    }

    private void awayFromTheWorst() {
      List<Progress> left = left();
      if (!left.isEmpty()) {
        List<String> texts = texts(left, p -> p.sample.references().get(p.reference));
        VlmObjective objective = VlmObjective.awayFrom(settings.model, prompts(left), texts);
        NDArray found =
            attack
                .perturb(objective, images(left, p -> p.clean), images(left, p -> p.image))
                .highestLossImages();
        judge(settings.model, left, found, REFERENCES + 1);
      }
    }

    private void towards(int target) {
      List<Progress> left = left();
      if (!left.isEmpty()) {
        List<String> texts = Collections.nCopies(left.size(), task.targets().get(target));
        VlmObjective objective = VlmObjective.towards(settings.model, prompts(left), texts);
        judge(settings.model, left, attack(objective, left), REFERENCES + 2 + target);
      }
    }

    private NDArray attack(VlmObjective objective, List<Progress> left) {
      long[] ids = left.stream().mapToLong(p -> p.number).toArray();
      return attack
          .perturb(objective, images(left, p -> p.clean), AttackOptions.none().withImageIds(ids))
          .highestLossImages();
    }

    /** Asks the model about what an attack found, keeps what is worse than before, and says it. */
    private List<Progress> judge(
        LlavaModel model, List<Progress> asked, NDArray images, int stage) {
      List<String> answers =
          model.generate(images, prompts(asked), settings.generation, TextListener.NONE);
      List<Progress> worse = new ArrayList<>();
      for (int row = 0; row < asked.size(); row++) {
        Progress progress = asked.get(row);
        double value = task.score().of(progress.sample.id(), answers.get(row));
        if (value < progress.worst) {
          progress.worst = value;
          progress.answer = answers.get(row);
          progress.stage = stage;
          progress.image = images.get(row + ":" + (row + 1));
          worse.add(progress);
        }
      }
      return worse;
    }

    private NDArray images(List<Progress> some, Function<Progress, NDArray> image) {
      NDList images = new NDList();
      some.forEach(progress -> images.add(image.apply(progress)));
      NDArray together = NDArrays.concat(images, 0);
      together.attach(manager);
      return together;
    }
  }

  private static List<String> prompts(List<Progress> some) {
    return texts(some, progress -> progress.sample.prompt());
  }

  private static List<String> texts(List<Progress> some, Function<Progress, String> text) {
    return some.stream().map(text).toList();
  }

  @Override
  public String toString() {
    return "UntargetedEnsemble[%s, %d steps]".formatted(settings.threatModel, settings.steps);
  }

  /** Settings of an {@link UntargetedEnsemble}. */
  public static final class Builder extends VlmAttackBuilder<Builder> {

    private final LlavaModel model;
    private LlavaModel searchModel;

    private Builder(LlavaModel model, ThreatModel threatModel) {
      super(threatModel, 100);
      this.model = requireNonNull(model, "model");
      searchModel = model;
    }

    @Override
    Builder self() {
      return this;
    }

    /** The same model in half precision, for the attacks that search; the model by default. */
    public Builder searchModel(LlavaModel searchModel) {
      this.searchModel = requireNonNull(searchModel, "searchModel");
      return this;
    }

    /** Makes the evaluation; the builder may be used again. */
    public UntargetedEnsemble build() {
      return new UntargetedEnsemble(
          copyTo(new Builder(model, threatModel)).searchModel(searchModel));
    }
  }
}
