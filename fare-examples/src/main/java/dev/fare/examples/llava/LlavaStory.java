package dev.fare.examples.llava;

import static java.nio.charset.StandardCharsets.UTF_8;

import ai.djl.Device;
import dev.fare.Precision;
import dev.fare.ThreatModel;
import dev.fare.attacks.PgdAttack;
import dev.fare.evaluation.Picture;
import dev.fare.evaluation.vlm.StealthTarget;
import dev.fare.evaluation.vlm.StealthTrial;
import dev.fare.examples.CommandLines;
import dev.fare.examples.emoji.EmojiData;
import dev.fare.examples.emoji.EmojiDataset;
import dev.fare.examples.quickstart.EmbeddedClip;
import dev.fare.io.AtomicFile;
import dev.fare.models.RobustClipEncoder;
import dev.fare.training.FareTrainer;
import dev.fare.training.StepResult;
import dev.fare.training.TrainingListener;
import dev.fare.vlm.llava.LlavaModel;
import dev.fare.vlm.llava.PromptTemplate;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * The paper's headline on the embedded LLaVA: pictures that make an assistant say what an attacker
 * wants, and an encoder with which it no longer does.
 *
 * <p>The method {@link #call} is the whole story, top to bottom.
 */
@Command(
    name = "llava-story",
    description = "Attacks the user of a small LLaVA, swaps its encoder, and writes a page.",
    mixinStandardHelpOptions = true)
public final class LlavaStory implements Callable<Integer> {

  private static final int[] RADII = {2, 4};
  private static final int BATCH = 32;

  /** Pictures that are shown of each goal and radius. */
  private static final int EXAMPLES = 3;

  /** Something that the model says about other pictures anyway. */
  private static final StealthTarget WRONG_CAPTION =
      new StealthTarget("mistake the picture", "a flat drawing of a pizza.");

  private record Goal(String name, List<StealthTarget> targets) {}

  private static final List<Goal> GOALS =
      List.of(
          new Goal("another caption", List.of(WRONG_CAPTION)),
          new Goal("six sentences", StealthTarget.PAPER_KINDS));

  @Option(names = "--output", description = "directory to write, default ${DEFAULT-VALUE}")
  private Path output = Path.of("fare-llava");

  @Option(
      names = "--model",
      description = "a LLaVA in Hugging Face's layout, the embedded one by default")
  private @Nullable Path model;

  @Option(
      names = "--robust",
      description = "a robust encoder; without it, one is fine-tuned here and kept in the output")
  private @Nullable Path robust;

  @Option(
      names = "--images",
      description = "pictures that are attacked, up to 100, default ${DEFAULT-VALUE}")
  private int images = 6;

  @Option(names = "--attack-steps", description = "of the attacks, default ${DEFAULT-VALUE}")
  private int attackSteps = 50;

  @Option(
      names = "--search-precision",
      description =
          "arithmetic of the untargeted attacks that search, before those in FLOAT32; by default"
              + " FLOAT16 on a GPU, as in the paper, and FLOAT32 on a CPU, where half of the bits"
              + " took twelve times as long for so small a model")
  private @Nullable Precision searchPrecision;

  @Option(names = "--steps", description = "FARE updates, default ${DEFAULT-VALUE}")
  private int steps = 500;

  @Option(names = "--seed", description = "default ${DEFAULT-VALUE}")
  private long seed = 0;

  @Spec private CommandLine.Model.CommandSpec command = CommandLine.Model.CommandSpec.create();

  /** Runs the story. */
  public static void main(String[] args) {
    CommandLines.run(new LlavaStory(), args);
  }

  @Override
  public Integer call() throws IOException {
    PrintWriter out = command.commandLine().getOut();
    EmojiData data = EmojiData.load();
    Path weights = model != null ? model : EmbeddedLlava.copyTo(output.resolve("llava"));
    Path encoderFiles = robust != null ? robust : fineTuned(data, out);
    try (LlavaModel original = EmbeddedLlava.load(weights);
        LlavaModel half = forSearch(weights, original.visionEncoder().device());
        RobustClipEncoder encoder = RobustClipEncoder.load(encoderFiles);
        RobustClipEncoder halfEncoder =
            RobustClipEncoder.load(
                encoderFiles, encoder.device(), half.visionEncoder().precision())) {
      LlavaModel swapped = original.withVisionEncoder(encoder);
      StoryScenes scenes = new StoryScenes(data, images);
      List<String> before = trial(RADII[0]).answers(original, scenes.pictures());

      List<StoryResults.Stealth> stealth = new ArrayList<>();
      List<StoryResults.Example> examples = new ArrayList<>();
      for (int radius : RADII) {
        for (Goal goal : GOALS) {
          stealth.add(attack(goal, radius, scenes, original, swapped, before, examples));
        }
        out.printf(Locale.ROOT, "targeted attacks at %d/255: done%n", radius);
        out.flush();
      }
      StoryFiles files = StoryFiles.write(output, scenes.pairs(), new EmojiTalk(data.pack()));
      StoryScores scores = new StoryScores(scenes, files, attackSteps);
      LlavaModel halfSwapped = half.withVisionEncoder(halfEncoder);
      List<StoryResults.Scores> captions =
          List.of(
              scores.captions("original", half, original, RADII),
              scores.captions("robust", halfSwapped, swapped, RADII));
      List<StoryResults.Scores> answers =
          List.of(
              scores.answers("original", half, original, RADII),
              scores.answers("robust", halfSwapped, swapped, RADII));
      StoryResults results =
          new StoryResults(
              images, attackSteps, encoderFiles.toString(), stealth, captions, answers, examples);
      out.print(results.toText());
      Files.createDirectories(output);
      Path page = output.resolve("story.html");
      AtomicFile.write(page, StoryPage.render(results).getBytes(UTF_8));
      out.printf("%nThe page: %s%n", page);
      out.flush();
    }
    return 0;
  }

  /** FARE on the embedded CLIP as the quick start has it; what is in the output already is kept. */
  private Path fineTuned(EmojiData data, PrintWriter out) throws IOException {
    Path directory = output.resolve("robust");
    if (Files.exists(directory.resolve("model.safetensors"))) {
      return directory;
    }
    out.printf("Fine-tuning the encoder with FARE, %d updates, without labels%n", steps);
    out.flush();
    Path clip = EmbeddedClip.copyTo(output.resolve("clip"));
    PgdAttack attack =
        PgdAttack.builder(ThreatModel.linf(4 / 255.0)).steps(2).stepSize(2.5 / 255).build();
    try (RobustClipEncoder encoder = RobustClipEncoder.load(clip);
        FareTrainer<?> trainer =
            FareTrainer.builder(encoder)
                .attack(attack)
                .learningRate(1e-3)
                .weightDecay(1e-4)
                .warmupSteps(steps / 14)
                .steps(steps)
                .batchSize(BATCH)
                .seed(seed)
                .listener(progress(out))
                .build()) {
      trainer.fit(EmojiDataset.unlabelled(data, steps * BATCH, 0.3));
      encoder.save(directory);
    }
    return directory;
  }

  private TrainingListener progress(PrintWriter out) {
    int often = Math.max(1, steps / 5);
    return new TrainingListener() {
      @Override
      public void onStep(StepResult result) {
        if (result.step() % often == 0) {
          out.printf(
              Locale.ROOT, "update %d of %d, loss %.1f%n", result.step(), steps, result.loss());
          out.flush();
        }
      }
    };
  }

  private LlavaModel forSearch(Path files, Device device) throws IOException {
    Precision usual = device.isGpu() ? Precision.FLOAT16 : Precision.FLOAT32;
    return LlavaModel.builder(files)
        .template(PromptTemplate.USER_ASSISTANT)
        .precision(searchPrecision != null ? searchPrecision : usual)
        .load();
  }

  private StealthTrial trial(int radius) {
    return StealthTrial.builder(ThreatModel.linf(radius / 255.0), EmojiTalk.CAPTION)
        .steps(attackSteps)
        .seed(seed)
        .build();
  }

  /** Attacks each model, and shows each one's pictures to the other. */
  private StoryResults.Stealth attack(
      Goal goal,
      int radius,
      StoryScenes scenes,
      LlavaModel original,
      LlavaModel swapped,
      List<String> before,
      List<StoryResults.Example> examples) {
    StealthTrial trial = trial(radius);
    List<Picture> pictures = scenes.pictures();
    List<StealthTrial.Attempt> attempts = trial.attack(original, pictures, goal.targets());
    List<String> deceived = trial.answersUnderAttack(original, attempts);
    List<String> after = trial.answersUnderAttack(swapped, attempts);
    List<StealthTrial.Attempt> onRobust = trial.attack(swapped, pictures, goal.targets());
    int shown = 0;
    for (int i = 0; i < attempts.size() && shown < EXAMPLES; i++) {
      StealthTrial.Attempt attempt = attempts.get(i);
      StealthTarget target = attempt.target();
      if (target.isIn(deceived.get(i)) && !target.isIn(before.get(attempt.image()))) {
        examples.add(
            new StoryResults.Example(
                target,
                radius,
                pictures.get(attempt.image()),
                attempt.attacked(),
                before.get(attempt.image()),
                deceived.get(i),
                after.get(i)));
        shown++;
      }
    }
    return new StoryResults.Stealth(
        goal.name(),
        radius,
        StealthTrial.successRate(attempts, before, deceived),
        StealthTrial.successRate(attempts, before, after),
        StealthTrial.successRate(onRobust, before, trial.answersUnderAttack(swapped, onRobust)),
        StealthTrial.successRate(onRobust, before, trial.answersUnderAttack(original, onRobust)));
  }
}
