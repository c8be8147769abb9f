package dev.fare.examples.audit;

import dev.fare.data.ImageDecoder;
import dev.fare.data.ImageFolder;
import dev.fare.data.PixelImage;
import java.io.IOException;
import java.util.List;

/**
 * The resolution at which images are attacked. Small images are attacked as they are, with the
 * encoder's enlargement inside the model: an attack on the enlarged image would change what no file
 * of that size can hold.
 */
final class OwnResolution {

  private OwnResolution() {}

  /**
   * The side of the images, if all of them are squares of one size below the encoder's; else the
   * encoder's.
   *
   * @param chosen indices into the folder
   * @throws IOException if an image can't be read
   */
  static int of(ImageFolder folder, List<Integer> chosen, int encoderSize) throws IOException {
    ImageDecoder decoder = ImageDecoder.standard();
    int side = 0;
    for (int index : chosen) {
      PixelImage image = decoder.decode(folder.path(index));
      boolean fits = image.width() == image.height() && image.width() < encoderSize;
      if (!fits || (side != 0 && side != image.width())) {
        return encoderSize;
      }
      side = image.width();
    }
    return side;
  }
}
