package dev.fare.data;

import static com.google.common.base.Preconditions.checkArgument;

import dev.fare.image.Augmentation;
import dev.fare.image.ClipPreprocessing;
import dev.fare.image.ImageDecoder;
import dev.fare.image.PixelImage;
import java.util.Optional;

/**
 * How a picture of any size becomes an encoder's pixels.
 *
 * @param decoder of encoded pictures
 * @param preprocessing open_clip's at the encoder's size where empty
 * @param augmentation random crops and mirror images in training
 * @param epoch whose augmentation is meant; empty outside training, where nothing is augmented
 */
record PixelPipeline(
    ImageDecoder decoder,
    Optional<ClipPreprocessing> preprocessing,
    Optional<Augmentation> augmentation,
    Optional<Long> epoch) {

  static final PixelPipeline PLAIN =
      new PixelPipeline(
          ImageDecoder.standard(), Optional.empty(), Optional.empty(), Optional.empty());

  PixelPipeline with(ImageDecoder newDecoder) {
    return new PixelPipeline(newDecoder, preprocessing, augmentation, epoch);
  }

  PixelPipeline with(ClipPreprocessing newPreprocessing) {
    return new PixelPipeline(decoder, Optional.of(newPreprocessing), augmentation, epoch);
  }

  PixelPipeline with(Augmentation newAugmentation) {
    return new PixelPipeline(decoder, preprocessing, Optional.of(newAugmentation), epoch);
  }

  PixelPipeline atEpoch(long newEpoch) {
    return new PixelPipeline(decoder, preprocessing, augmentation, Optional.of(newEpoch));
  }

  /**
   * What the encoder sees of picture {@code index}.
   *
   * @throws IllegalArgumentException if the picture's shape can't be prepared
   */
  PixelImage apply(PixelImage picture, int index, ClipPreprocessing pipeline) {
    if (augmentation.isEmpty() || epoch.isEmpty()) {
      return pipeline.apply(picture);
    }
    return augmentation.get().apply(picture, pipeline, epoch.get(), index);
  }

  /** The preprocessing for an encoder. */
  ClipPreprocessing pipeline(int imageSize) {
    if (preprocessing.isEmpty()) {
      return ClipPreprocessing.openClip(imageSize);
    }
    int size = preprocessing.get().size();
    checkArgument(
        size == imageSize,
        "the preprocessing makes images of %s pixels, the encoder takes %s; use preprocessing.withSize(%s)",
        size,
        imageSize,
        imageSize);
    return preprocessing.get();
  }

  /** For a data set's description: what decides the pixels. */
  String description() {
    return preprocessing.map(Object::toString).orElse("open_clip preprocessing")
        + augmentation.map(drawn -> ", " + drawn).orElse("");
  }
}
