package dev.fare.examples.quickstart;

import dev.fare.examples.emoji.EmojiData;
import picocli.CommandLine.Option;

/** How long a command measures on the embedded data. */
public final class ProtocolOptions {

  @Option(
      names = "--images",
      description = "pictures of each test set that are attacked, default ${DEFAULT-VALUE}")
  private int images;

  @Option(
      names = "--attack-steps",
      description = "of the attack that measures, default ${DEFAULT-VALUE}")
  private int attackSteps = 40;

  /** The default in which the commands differ. */
  public ProtocolOptions(int images) {
    this.images = images;
  }

  /** Pictures of each test set. */
  public int images() {
    return images;
  }

  /**
   * The protocol.
   *
   * @param imageSize of the models
   * @param seed of the attack's draws
   */
  public EmbeddedProtocol of(EmojiData data, int imageSize, long seed) {
    return new EmbeddedProtocol(data, imageSize, images, attackSteps, seed);
  }
}
