package dev.fare.evaluation.audit;

import dev.fare.data.ImageSubset;
import dev.fare.image.PixelImage;
import java.io.IOException;
import java.util.Optional;

/**
 * The resolution at which images are attacked. Small images are attacked as they are, with the
 * encoder's enlargement inside the model: an attack on the enlarged image would change what no file
 * of that size can hold.
 */
final class OwnResolution {

  private OwnResolution() {}

  /**
   * The side at which an audit attacks.
   *
   * @throws IOException if an image can't be read
   */
  static int side(AuditBuilder<?> settings, ImageSubset images, LoadedModels models)
      throws IOException {
    return settings.imageSize > 0 ? settings.imageSize : of(images, models.imageSize());
  }

  /**
   * The side of the images, if all of them are squares of one size below the encoder's; else the
   * encoder's. Images in memory have the encoder's.
   *
   * @throws IOException if an image can't be read
   */
  static int of(ImageSubset images, int encoderSize) throws IOException {
    int side = encoderSize;
    for (int index = 0; index < images.size(); index++) {
      Optional<PixelImage> image = images.picture(index);
      boolean fits =
          image.isPresent()
              && image.get().width() == image.get().height()
              && image.get().width() < encoderSize
              && (index == 0 || image.get().width() == side);
      if (!fits) {
        return encoderSize;
      }
      side = image.get().width();
    }
    return side;
  }
}
