package dev.fare.examples.llava;

import ai.djl.modality.cv.Image;
import ai.djl.modality.cv.ImageFactory;
import ai.djl.ndarray.NDArray;
import dev.fare.ThreatModel;
import dev.fare.attacks.PgdAttack;
import dev.fare.examples.CommandLines;
import dev.fare.image.ClipPreprocessing;
import dev.fare.models.RobustClipEncoder;
import dev.fare.torch.TensorScope;
import dev.fare.vlm.llava.LlavaCheckpoint;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * A host with a LLaVA pipeline of its own ({@link LlavaPipeline}, {@link Projector}, {@link
 * LlamaSpeaker}; whoever has none takes {@code LlavaModel}) puts a robust encoder into it: one line
 * of {@link #look} knows which encoder it is.
 *
 * <pre>{@code
 * mvn -q compile exec:java -Dexec.mainClass=dev.fare.examples.llava.LlavaSwap \
 *   -Dexec.args="fare-quickstart/robust picture.png"
 * }</pre>
 *
 * <p>It prints by which share of their length the tokens move under an attack at 4/255, and what
 * the user reads before and after it.
 */
@Command(
    name = "llava-swap",
    description = "Swaps the encoder of a host's own LLaVA pipeline.",
    mixinStandardHelpOptions = true)
public final class LlavaSwap implements Callable<Integer> {

  private static final PgdAttack ATTACK =
      PgdAttack.builder(ThreatModel.linf(4 / 255.0)).steps(20).stepSize(1 / 255.0).build();

  @Parameters(index = "0", description = "the robust encoder")
  private Path robust = Path.of("robust");

  @Parameters(index = "1", description = "a picture")
  private Path picture = Path.of("picture.png");

  @Option(
      names = "--llava",
      description =
          "a LLaVA in Hugging Face's layout, the embedded one by default, copied to fare-llava")
  private @Nullable Path llava;

  @Option(names = "--question", description = "default ${DEFAULT-VALUE}")
  private String question = EmojiTalk.CAPTION;

  @Spec private CommandLine.Model.CommandSpec command = CommandLine.Model.CommandSpec.create();

  /** Runs the comparison. */
  public static void main(String[] args) {
    CommandLines.run(new LlavaSwap(), args);
  }

  /**
   * What becomes of a picture in a pipeline.
   *
   * @param drift of the tokens under attack, relative to their length
   * @param before the answer about the picture as it is
   * @param after the answer about the attacked picture
   */
  record Sight(double drift, String before, String after) {}

  @Override
  public Integer call() throws IOException {
    PrintWriter out = command.commandLine().getOut();
    Path files = llava != null ? llava : EmbeddedLlava.copyTo(Path.of("fare-llava", "llava"));
    Image image = ImageFactory.getInstance().fromFile(picture);
    LlavaCheckpoint checkpoint = LlavaCheckpoint.read(files);
    try (RobustClipEncoder own = RobustClipEncoder.builder(checkpoint.vision()).load();
        RobustClipEncoder swapped = RobustClipEncoder.load(robust);
        Projector projector = Projector.load(files.resolve("model.safetensors"), own.device());
        LlamaSpeaker speaker = LlamaSpeaker.of(checkpoint.language(), own.device(), question)) {
      print(out, "its own encoder", look(own, checkpoint, projector, speaker, image));
      print(out, "the robust one", look(swapped, checkpoint, projector, speaker, image));
    }
    return 0;
  }

  /** Attacks a picture in the pipeline with an encoder. */
  static Sight look(
      RobustClipEncoder encoder,
      LlavaCheckpoint checkpoint,
      Projector projector,
      LlamaSpeaker speaker,
      Image image) {
    LlavaPipeline<String> pipeline =
        new LlavaPipeline<>(
            encoder.asBlock(checkpoint.config().visualTokens()), // the line that is swapped
            ClipPreprocessing.llava(encoder.imageSize()),
            projector,
            speaker);
    try (TensorScope scope = projector.newScope()) {
      NDArray pixels = pipeline.pixels(image, scope.manager());
      TokenDrift drift = TokenDrift.from(pipeline, pixels);
      NDArray attacked = ATTACK.perturb(drift, pixels).images();
      return new Sight(drift.at(attacked), pipeline.answer(image), pipeline.answer(attacked));
    }
  }

  private static void print(PrintWriter out, String encoder, Sight sight) {
    out.printf(
        Locale.ROOT,
        "%-15s  the tokens move by %.2f%n  before: %s%n  after:  %s%n",
        encoder,
        sight.drift(),
        sight.before(),
        sight.after());
    out.flush();
  }
}
