package dev.fare.vlm.llava;

import static java.util.Objects.requireNonNull;

import ai.djl.Device;
import ai.djl.engine.Engine;
import dev.fare.Precision;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** How to load a {@link LlavaModel}; one for each load. */
public final class LlavaModelBuilder {

  private final Path directory;
  private @Nullable Path visionTower;
  private @Nullable Path tokenizer;
  private @Nullable Device device;
  private Precision precision = Precision.FLOAT32;
  private @Nullable Boolean padsToSquare;
  private PromptTemplate template = PromptTemplate.VICUNA_V1;

  LlavaModelBuilder(Path directory) {
    this.directory = requireNonNull(directory, "directory");
  }

  /**
   * The CLIP whose vision tower is used, in any layout. Checkpoints of the original authors name
   * theirs and do not bring it; where the checkpoint brings one, this one takes its place.
   */
  public LlavaModelBuilder visionTower(Path clip) {
    visionTower = requireNonNull(clip, "clip");
    return this;
  }

  /** A {@code tokenizer.json}, where the checkpoint brings none. */
  public LlavaModelBuilder tokenizer(Path file) {
    tokenizer = requireNonNull(file, "file");
    return this;
  }

  /** Where the weights go; by default a GPU where there is one. */
  public LlavaModelBuilder device(Device value) {
    device = requireNonNull(value, "device");
    return this;
  }

  /** The arithmetic of vision tower and language model, FLOAT32 by default. */
  public LlavaModelBuilder precision(Precision value) {
    precision = requireNonNull(value, "precision");
    return this;
  }

  /** Whether pictures get bars up to a square; by default as the checkpoint's files say. */
  public LlavaModelBuilder padsToSquare(boolean value) {
    padsToSquare = value;
    return this;
  }

  /** How questions become prompts; by default {@link PromptTemplate#VICUNA_V1}. */
  public LlavaModelBuilder template(PromptTemplate value) {
    template = requireNonNull(value, "value");
    return this;
  }

  /**
   * Loads the model.
   *
   * @throws IOException if it can't be read or used; the message names file and tensor
   */
  public LlavaModel load() throws IOException {
    LlavaCheckpoint checkpoint =
        visionTower == null
            ? LlavaCheckpoint.read(directory)
            : LlavaCheckpoint.read(directory, visionTower);
    LlavaConfig config = checkpoint.config();
    if (padsToSquare != null) {
      config =
          new LlavaConfig(
              config.visualTokens(), config.imageToken(), config.padToken(), padsToSquare);
    }
    Device target = device != null ? device : Engine.getEngine("PyTorch").defaultDevice();
    Path file = tokenizer != null ? tokenizer : checkpoint.language().tokenizer().orElse(null);
    return LlavaModel.of(checkpoint, config, file, target, precision, template);
  }
}
