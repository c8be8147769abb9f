package dev.fare.image;

import com.code_intelligence.jazzer.junit.FuzzTest;

/**
 * Feeds the image decoder what Jazzer invents: {@code mvn -Pfuzz -pl fare-core test
 * -Dtest=ImageDecoderFuzz}.
 */
class ImageDecoderFuzz {

  private static final long MAX_PIXELS = 1 << 16;
  private static final ImageDecoder DECODER = ImageDecoder.standard().maxPixels(MAX_PIXELS);

  @FuzzTest(maxDuration = "60s")
  void decode(byte[] file) {
    PixelImage image;
    try {
      image = DECODER.decode(file, "fuzz");
    } catch (UnreadableImageException expected) {
      return;
    }
    if ((long) image.width() * image.height() > MAX_PIXELS
        || image.toRgb().bytes().length != 3 * image.width() * image.height()) {
      throw new AssertionError("an image of " + image.width() + " x " + image.height());
    }
  }
}
