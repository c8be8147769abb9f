package dev.fare.models.djl;

import ai.djl.Model;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.nn.BlockFactory;
import ai.djl.translate.ArgumentsUtil;
import dev.fare.Precision;
import dev.fare.models.RobustClipEncoder;
import dev.fare.models.TokenLayer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;

/** Loads the encoder of a {@code fare://} URL into DJL's model, which closes it. */
final class FareBlockFactory implements BlockFactory {

  private static final long serialVersionUID = 1L;

  private final transient FareRepository repository;

  FareBlockFactory(FareRepository repository) {
    this.repository = repository;
  }

  @Override
  public Block newBlock(Model model, Path modelPath, Map<String, ?> arguments) throws IOException {
    try {
      return load(model, arguments);
    } catch (IOException | RuntimeException e) {
      model.close();
      throw e;
    }
  }

  private Block load(Model model, Map<String, ?> arguments) throws IOException {
    NDManager manager = model.getNDManager();
    String engine = manager.getEngine().getEngineName();
    if (!engine.equals("PyTorch")) {
      throw new IllegalArgumentException(
          "fare:// URLs run on the engine PyTorch, got optEngine(\"" + engine + "\")");
    }
    Optional<TokenLayer> layer = argument(arguments, FareUrl.TOKENS).map(TokenLayer::parse);
    // DJL tells the folder only, and the model may be a file
    RobustClipEncoder.Builder builder =
        RobustClipEncoder.builder(repository.modelPath()).device(manager.getDevice());
    argument(arguments, FareUrl.PRECISION)
        .map(FareBlockFactory::precision)
        .ifPresent(builder::precision);
    argument(arguments, FareUrl.IMAGE_SIZE)
        .map(FareBlockFactory::imageSize)
        .ifPresent(builder::imageSize);
    argument(arguments, FareUrl.LOW_LATENCY)
        .map(FareBlockFactory::lowLatency)
        .ifPresent(builder::lowLatency);
    ClipBlock block = new ClipBlock(builder.load(), layer);
    manager.attachInternal("fare.encoder", block);
    return block;
  }

  private static Optional<String> argument(Map<String, ?> arguments, String key) {
    return Optional.ofNullable(ArgumentsUtil.stringValue(arguments, key));
  }

  private static Precision precision(String name) {
    return Arrays.stream(Precision.values())
        .filter(precision -> precision.name().equalsIgnoreCase(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "precision must be one of "
                        + Arrays.toString(Precision.values())
                        + ", got "
                        + name));
  }

  private static boolean lowLatency(String value) {
    return switch (value) {
      case "true" -> true;
      case "false" -> false;
      default ->
          throw new IllegalArgumentException("lowLatency must be true or false, got " + value);
    };
  }

  private static int imageSize(String pixels) {
    try {
      return Integer.parseInt(pixels);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("imageSize must be a number of pixels, got " + pixels, e);
    }
  }
}
