package dev.fare.data;

import static com.google.common.base.Preconditions.checkArgument;

/**
 * Random resized crops and mirror images for training, drawn as torchvision's {@code
 * RandomResizedCrop} and {@code RandomHorizontalFlip} draw them.
 *
 * <p>An image's draws follow from (seed, epoch, index): they don't depend on batch size, threads or
 * where a run was resumed.
 *
 * @param minScale least share of the image's area that is kept, above 0
 * @param maxScale largest share, at most 1
 * @param minRatio least width / height of the crop before it becomes a square, above 0
 * @param maxRatio largest width / height
 * @param flipProbability how often an image is mirrored left to right, in [0,1]
 * @param seed of the draws
 */
public record Augmentation(
    double minScale,
    double maxScale,
    double minRatio,
    double maxRatio,
    double flipProbability,
    long seed) {

  private static final long PURPOSE = 0x61756d656e746174L;
  private static final int ATTEMPTS = 10;

  /** Where a crop lies, and whether it is mirrored. */
  record Draw(int left, int top, int width, int height, boolean isMirrored) {}

  /** Checks the values. */
  public Augmentation {
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
    return new Augmentation(minScale, 1, 3 / 4.0, 4 / 3.0, 0, 0);
  }

  /** The same crops, every other one mirrored. */
  public Augmentation flip() {
    return new Augmentation(minScale, maxScale, minRatio, maxRatio, 0.5, seed);
  }

  /** The same with other draws. */
  public Augmentation withSeed(long newSeed) {
    return new Augmentation(minScale, maxScale, minRatio, maxRatio, flipProbability, newSeed);
  }

  /** The crop of an image in an epoch, resized to a square. */
  PixelImage apply(PixelImage image, int size, Interpolation interpolation, long epoch, int index) {
    Draw draw = draw(image.width(), image.height(), epoch, index);
    PixelImage crop =
        image
            .crop(draw.left, draw.top, draw.width, draw.height)
            .resize(size, size, interpolation)
            .toRgb();
    return draw.isMirrored ? crop.mirror() : crop;
  }

  /** What is drawn for an image of a size; the middle where no crop of these ratios fits. */
  Draw draw(int width, int height, long epoch, int index) {
    RandomStream random = new RandomStream(seed, PURPOSE, epoch, index);
    boolean isMirrored = random.between(0, 1) < flipProbability;
    double area = (double) width * height;
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      double target = area * random.between(minScale, maxScale);
      double ratio = Math.exp(random.between(Math.log(minRatio), Math.log(maxRatio)));
      int cropWidth = (int) Math.rint(Math.sqrt(target * ratio));
      int cropHeight = (int) Math.rint(Math.sqrt(target / ratio));
      if (cropWidth > 0 && cropWidth <= width && cropHeight > 0 && cropHeight <= height) {
        int top = random.below(height - cropHeight + 1);
        int left = random.below(width - cropWidth + 1);
        return new Draw(left, top, cropWidth, cropHeight, isMirrored);
      }
    }
    double ratio = (double) width / height;
    int cropWidth = ratio > maxRatio ? (int) Math.rint(height * maxRatio) : width;
    int cropHeight = ratio < minRatio ? (int) Math.rint(width / minRatio) : height;
    return new Draw(
        (width - cropWidth) / 2, (height - cropHeight) / 2, cropWidth, cropHeight, isMirrored);
  }
}
