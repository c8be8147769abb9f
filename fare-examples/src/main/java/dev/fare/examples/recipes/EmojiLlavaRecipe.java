package dev.fare.examples.recipes;

import static java.nio.charset.StandardCharsets.UTF_8;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import dev.fare.evaluation.vlm.StealthTarget;
import dev.fare.examples.CommandLines;
import dev.fare.examples.emoji.EmojiData;
import dev.fare.examples.emoji.EmojiPair;
import dev.fare.examples.llava.EmojiTalk;
import dev.fare.examples.llava.OrdinarySentences;
import dev.fare.examples.quickstart.EmbeddedClip;
import dev.fare.models.RobustClipEncoder;
import dev.fare.models.TokenLayer;
import dev.fare.models.vision.VitConfig;
import dev.fare.training.optimizer.LearningRateSchedule;
import dev.fare.vlm.language.EndTokens;
import dev.fare.vlm.language.LlamaConfig;
import dev.fare.vlm.llava.LlavaConfig;
import dev.fare.vlm.llava.LlavaModel;
import dev.fare.vlm.llava.LlavaWriter;
import dev.fare.vlm.llava.PromptTemplate;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Trains the embedded LLaVA: a projector and a small Llama on top of the embedded CLIP, whose
 * vision tower stays as it is.
 *
 * <p>It learns questions and answers about emoji scenes, what banners across some of them say, and
 * ordinary sentences without a picture. What is written is the directory that lies embedded in this
 * module, in the layout of Hugging Face's LLaVA with float16 weights.
 */
@Command(
    name = "emoji-llava",
    description = "Trains the embedded LLaVA on questions and answers about emoji.",
    mixinStandardHelpOptions = true)
public final class EmojiLlavaRecipe implements Callable<Integer> {

  private static final int VOCABULARY = 1024;

  /** Of the augmentation: enough to see through backgrounds, little enough to learn names soon. */
  private static final double STRENGTH = 0.25;

  private static final int EVALUATE_EVERY = 300;

  @Option(names = "--output", description = "directory to write", required = true)
  private Path output = Path.of("emoji-llava");

  @Option(names = "--steps", description = "updates, default ${DEFAULT-VALUE}")
  private int steps = 4000;

  @Option(names = "--images", description = "pictures an update, default ${DEFAULT-VALUE}")
  private int images = 32;

  @Option(
      names = "--sentences",
      description = "sentences without a picture an update, default ${DEFAULT-VALUE}")
  private int sentences = 8;

  @Option(
      names = "--banners",
      description = "share of pictures with a banner, default ${DEFAULT-VALUE}")
  private double banners = 0.4;

  @Option(
      names = "--banner-sentences",
      description =
          "different sentences that banners say, those of the story's attacker first, default"
              + " ${DEFAULT-VALUE}")
  private int bannerSentences = 12;

  @Option(
      names = "--start",
      description = "a LLaVA of this recipe to go on from, by default a fresh one")
  private @Nullable Path start;

  @Option(names = "--scenes", description = "pictures of each drawing, default ${DEFAULT-VALUE}")
  private int scenes = 8;

  @Option(names = "--learning-rate", description = "the peak, default ${DEFAULT-VALUE}")
  private double learningRate = 2e-3;

  @Option(names = "--warmup-steps", description = "default ${DEFAULT-VALUE}")
  private int warmupSteps = 100;

  @Option(names = "--seed", description = "default ${DEFAULT-VALUE}")
  private long seed = 1;

  @Spec private CommandLine.Model.CommandSpec command = CommandLine.Model.CommandSpec.create();

  /** Runs the recipe. */
  public static void main(String[] args) {
    CommandLines.run(new EmojiLlavaRecipe(), args);
  }

  @Override
  public Integer call() throws IOException {
    PrintWriter out = command.commandLine().getOut();
    EmojiData data = EmojiData.load();
    EmojiTalk talk = new EmojiTalk(data.pack());
    Banners written = Banners.of(seed, banners, targets(), bannerSentences);
    Path fresh = Files.createTempDirectory("emoji-llava");
    TrainingLog log = new TrainingLog(out, steps, EVALUATE_EVERY);
    try {
      try (LlavaModel llava =
              LlavaModel.builder(start != null ? start : writeFresh(data, talk, fresh))
                  .device(Device.cpu())
                  .template(PromptTemplate.USER_ASSISTANT)
                  .load();
          SeenScenes seen = SeenScenes.of(llava, data, written, scenes, STRENGTH);
          CaptionTrainer trainer = new CaptionTrainer(llava)) {
        LearningRateSchedule schedule = LearningRateSchedule.cosine(warmupSteps, steps);
        EmojiLessons lessons = new EmojiLessons(talk, written, sentences, seed);
        for (int step = 0; step < steps; step++) {
          double loss;
          try (SeenScenes.Batch batch = seen.batch((long) step * images, images)) {
            loss = trainer.step(lessons.lesson(batch, step), schedule.rate(learningRate, step));
          }
          if (log.add(step, loss, () -> namesRight(llava, data))) {
            llava.save(output, DataType.FLOAT16);
          }
        }
      }
    } finally {
      MoreFiles.deleteRecursively(fresh, RecursiveDeleteOption.ALLOW_INSECURE);
    }
    return 0;
  }

  private static String namesRight(LlavaModel llava, EmojiData data) {
    double share = EmojiNaming.accuracy(llava, data, 120);
    return String.format(Locale.ROOT, ", names right %.1f %%", 100 * share);
  }

  private static Set<String> targets() {
    return StealthTarget.PAPER_KINDS.stream()
        .map(StealthTarget::sentence)
        .collect(Collectors.toSet());
  }

  /** The model before training, as a directory. */
  private Path writeFresh(EmojiData data, EmojiTalk talk, Path folder) throws IOException {
    Path clip = EmbeddedClip.copyTo(folder.resolve("clip"));
    Path tokenizer = folder.resolve("tokenizer.json");
    BytePairTraining pieces = new BytePairTraining(corpus(data, talk), VOCABULARY);
    Gson gson = new GsonBuilder().disableHtmlEscaping().create();
    Files.write(tokenizer, gson.toJson(pieces.toTokenizerJson()).getBytes(UTF_8));
    LlamaConfig language =
        new LlamaConfig(pieces.size(), 128, 2, 4, 2, 32, 320, 256, 1e-5, 10_000, 1, true);
    LlavaConfig joints =
        new LlavaConfig(
            TokenLayer.LLAVA,
            BytePairTraining.SPECIAL.indexOf("<image>"),
            BytePairTraining.SPECIAL.indexOf("<pad>"),
            true);
    EndTokens endings = new EndTokens(List.of(BytePairTraining.SPECIAL.indexOf("</s>")));
    Path written = folder.resolve("start");
    try (RobustClipEncoder encoder = RobustClipEncoder.load(clip, Device.cpu());
        NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
      LlavaInitialization draw = new LlavaInitialization(seed, manager);
      int tokenWidth = ((VitConfig) encoder.config().vision()).width();
      LlavaWriter.write(
          new LlavaWriter.Architecture(
              joints,
              encoder.config(),
              language,
              endings,
              PromptTemplate.USER_ASSISTANT,
              Optional.of(tokenizer)),
          encoder.parameters(),
          draw.projector(tokenWidth, language.width()),
          draw.language(language),
          written,
          DataType.FLOAT32);
    }
    return written;
  }

  /** Texts that the vocabulary is learnt from: what the model is trained on, each kind as often. */
  private List<String> corpus(EmojiData data, EmojiTalk talk) {
    SplittableRandom random = new SplittableRandom(seed);
    List<String> texts = new ArrayList<>();
    PromptTemplate template = PromptTemplate.USER_ASSISTANT;
    for (EmojiPair pair : data.split().trainingPairs()) {
      for (int i = 0; i < 8; i++) {
        EmojiTalk.Exchange exchange = talk.exchange(pair, random);
        texts.add(" " + template.of(exchange.question()));
        texts.add(" " + exchange.answer());
      }
    }
    for (int i = 0; i < 8 * data.split().trainingPairs().size(); i++) {
      texts.add(" " + OrdinarySentences.draw(random, Set.of()));
    }
    return texts;
  }
}
