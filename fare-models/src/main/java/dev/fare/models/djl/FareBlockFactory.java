package dev.fare.models.djl;

import ai.djl.Model;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.nn.BlockFactory;
import ai.djl.translate.ArgumentsUtil;
import dev.fare.models.RobustClipEncoder;
import dev.fare.models.TokenLayer;
import java.io.IOException;
import java.nio.file.Path;
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
    String tokens = ArgumentsUtil.stringValue(arguments, "tokens");
    Optional<TokenLayer> layer =
        tokens == null ? Optional.empty() : Optional.of(TokenLayer.parse(tokens));
    // DJL tells the folder only, and the model may be a file
    RobustClipEncoder encoder = RobustClipEncoder.load(repository.modelPath(), manager.getDevice());
    ClipBlock block = new ClipBlock(encoder, layer);
    manager.attachInternal("fare.encoder", block);
    return block;
  }
}
