package dev.fare.image;

import static com.google.common.base.Preconditions.checkArgument;

import dev.fare.RandomStream;
import java.util.Optional;

/**
 * Random crops and mirror images for training, drawn as torchvision's {@code RandomResizedCrop} and
 * {@code RandomHorizontalFlip} draw them.
 *
 * <p>An image's draws follow from (seed, epoch, index): they don't depend on batch size, threads or
 * where a run was resumed.
 *
 * @param crop which parts of an image are seen; without it the image is prepared as in evaluations
 * @param flipProbability how often an image is mirrored left to right, in [0,1]
 * @param seed of the draws
 */
public record Augmentation(Optional<Crop> crop, double flipProbability, long seed) {

  private static final long PURPOSE = 0x61756d656e746174L;
  private static final int ATTEMPTS = 10;

  /**
   * Which crops are drawn; a crop is resized to the encoder's square, whatever its shape.
   *
   * @param minScale least share of the image's area that is kept, above 0
   * @param maxScale largest share, at most 1
   * @param minRatio least width / height of the crop before it becomes a square, above 0
   * @param maxRatio largest width / height
   */
  public record Crop(double minScale, double maxScale, double minRatio, double maxRatio) {

    /** Checks the values. */
    public Crop {
      checkArgument(
          minScale > 0 && minScale <= maxScale && maxScale <= 1,
          "scales must rise within (0,1], got %s and %s",
          minScale,
          maxScale);
      checkArgument(
          minRatio > 0 && minRatio <= maxRatio && maxRatio < Double.POSITIVE_INFINITY,
          "ratios must rise above 0, got %s and %s",
          minRatio,
          maxRatio);
    }

    /** Where the crop of an image lies; the middle where no crop of these ratios fits. */
    Place draw(int width, int height, RandomStream random) {
      double area = (double) width * height;
      for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        double target = area * random.between(minScale, maxScale);
        double ratio = Math.exp(random.between(Math.log(minRatio), Math.log(maxRatio)));
        int cropWidth = (int) Math.rint(Math.sqrt(target * ratio));
        int cropHeight = (int) Math.rint(Math.sqrt(target / ratio));
        if (cropWidth > 0 && cropWidth <= width && cropHeight > 0 && cropHeight <= height) {
          int top = random.below(height - cropHeight + 1);
          int left = random.below(width - cropWidth + 1);
          return new Place(left, top, cropWidth, cropHeight);
        }
      }
      double ratio = (double) width / height;
      int cropWidth = ratio > maxRatio ? (int) Math.rint(height * maxRatio) : width;
      int cropHeight = ratio < minRatio ? (int) Math.rint(width / minRatio) : height;
      return new Place((width - cropWidth) / 2, (height - cropHeight) / 2, cropWidth, cropHeight);
    }
  }

  /** Where a crop lies. */
  record Place(int left, int top, int width, int height) {}

  /** What is drawn for an image. */
  record Draw(Optional<Place> place, boolean isMirrored) {}

  /** Checks the probability. */
  public Augmentation {
    checkArgument(
        flipProbability >= 0 && flipProbability <= 1,
        "flipProbability must be in [0,1], got %s",
        flipProbability);
  }

  /**
   * Crops of a share of the area with ratios from 3/4 to 4/3, without mirror images.
   *
   * @param minScale least share of the area: 0.08 for ImageNet classifiers, 0.9 for CLIP
   */
  public static Augmentation randomResizedCrop(double minScale) {
    return new Augmentation(Optional.of(new Crop(minScale, 1, 3 / 4.0, 4 / 3.0)), 0, 0);
  }

  /** Every other image mirrored; all are resized and cropped as in evaluations. */
  public static Augmentation randomFlip() {
    return new Augmentation(Optional.empty(), 0.5, 0);
  }

  /** The same, every other image mirrored. */
  public Augmentation flip() {
    return new Augmentation(crop, 0.5, seed);
  }

  /** The same with other draws. */
  public Augmentation withSeed(long newSeed) {
    return new Augmentation(crop, flipProbability, newSeed);
  }

  /** What the encoder sees of an image in an epoch. */
  public PixelImage apply(PixelImage image, ClipPreprocessing pipeline, long epoch, int index) {
    Draw draw = draw(image.width(), image.height(), epoch, index);
    PixelImage seen =
        draw.place
            .map(place -> cropped(image, place, pipeline))
            .orElseGet(() -> pipeline.apply(image));
    return draw.isMirrored ? seen.mirror() : seen;
  }

  private static PixelImage cropped(PixelImage image, Place place, ClipPreprocessing pipeline) {
    PixelImage source = pipeline.convertsToRgbFirst() ? image.toRgb() : image;
    return source
        .crop(place.left, place.top, place.width, place.height)
        .resize(pipeline.size(), pipeline.size(), pipeline.interpolation())
        .toRgb();
  }

  /** What is drawn for an image of a size. */
  Draw draw(int width, int height, long epoch, int index) {
    RandomStream random = new RandomStream(seed, PURPOSE, epoch, index);
    boolean isMirrored = random.between(0, 1) < flipProbability;
    return new Draw(crop.map(crops -> crops.draw(width, height, random)), isMirrored);
  }
}
