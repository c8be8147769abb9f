package dev.fare.examples.llava;

import static java.nio.charset.StandardCharsets.UTF_8;

import ai.djl.modality.cv.Image;
import ai.djl.modality.cv.ImageFactory;
import dev.fare.ThreatModel;
import dev.fare.attacks.PgdAttack;
import dev.fare.data.ClipPreprocessing;
import dev.fare.models.RobustClipEncoder;
import dev.fare.models.TokenLayer;
import dev.fare.torch.TensorScope;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.function.Function;

/**
 * Attacks what LLaVA's language model reads of a picture, with the encoder it was trained with and
 * with a robust one in its place.
 *
 * <pre>{@code
 * mvn -pl fare-examples -am compile exec:java \
 *   -Dexec.mainClass=dev.fare.examples.llava.LlavaSwap \
 *   -Dexec.args="clip-vit-l-14 fare4-clip projector.safetensors picture.jpg"
 * }</pre>
 *
 * <p>Arguments: the original encoder, the robust one, LLaVA's projector, a picture. It prints by
 * which share of their length the tokens move at 4/255: the smaller, the more robust.
 */
public final class LlavaSwap {

  private static final PgdAttack ATTACK =
      PgdAttack.builder(ThreatModel.linf(4 / 255.0)).steps(20).stepSize(1 / 255.0).build();

  private LlavaSwap() {}

  /** Runs the comparison. */
  public static void main(String[] args) throws IOException {
    if (args.length != 4) {
      throw new IllegalArgumentException(
          "four arguments needed: original encoder, robust encoder, projector.safetensors,"
              + " picture");
    }
    Image picture = ImageFactory.getInstance().fromFile(Path.of(args[3]));
    PrintWriter out = new PrintWriter(System.out, true, UTF_8);
    for (int i = 0; i < 2; i++) {
      out.printf("%-30s %.3f%n", args[i], drift(Path.of(args[i]), Path.of(args[2]), picture));
    }
  }

  /** The relative drift of the tokens under attack; only the first line knows which encoder. */
  static double drift(Path weights, Path projection, Image picture) throws IOException {
    try (RobustClipEncoder encoder = RobustClipEncoder.load(weights);
        Projector projector = Projector.load(projection, encoder.device());
        TensorScope scope = projector.newScope()) {
      LlavaPipeline<?> pipeline =
          new LlavaPipeline<>(
              encoder.asBlock(TokenLayer.LLAVA),
              ClipPreprocessing.llava(encoder.imageSize()),
              projector,
              Function.identity());
      return TokenDrift.of(pipeline, picture, ATTACK, scope);
    }
  }
}
