package dev.fare.examples.photographs;

import dev.fare.Precision;
import dev.fare.image.Augmentation;
import picocli.CommandLine.Option;

/** What the recipes that train have in common. */
final class TrainingOptions {

  @Option(names = "--steps", description = "updates, default ${DEFAULT-VALUE}")
  int steps;

  @Option(names = "--batch-size", description = "pictures an update, default ${DEFAULT-VALUE}")
  int batchSize;

  @Option(names = "--learning-rate", description = "the peak, default ${DEFAULT-VALUE}")
  double learningRate;

  @Option(
      names = "--min-scale",
      description = "least share of a picture's area in a training crop, default ${DEFAULT-VALUE}")
  double minScale = 0.6;

  @Option(
      names = "--precision",
      description = "of the vision tower's arithmetic, default ${DEFAULT-VALUE}")
  Precision precision = Precision.FLOAT32;

  @Option(names = "--print-every", description = "updates, default ${DEFAULT-VALUE}")
  int printEvery = 100;

  @Option(names = "--seed", description = "default ${DEFAULT-VALUE}")
  long seed = 1;

  /** The defaults in which the recipes differ. */
  TrainingOptions(int steps, int batchSize, double learningRate) {
    this.steps = steps;
    this.batchSize = batchSize;
    this.learningRate = learningRate;
  }

  Augmentation augmentation() {
    return Augmentation.randomResizedCrop(minScale).flip().withSeed(seed);
  }
}
