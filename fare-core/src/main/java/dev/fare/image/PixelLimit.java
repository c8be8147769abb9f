package dev.fare.image;

import java.io.IOException;

/** The most pixels an image may have; asked before anything is allocated for them. */
record PixelLimit(long maxPixels) {
  void check(long width, long height) throws IOException {
    if (width <= 0 || height <= 0) {
      throw new MalformedImageException("its header says %d x %d pixels".formatted(width, height));
    }
    if (width > maxPixels / height) {
      throw new MalformedImageException(
          "its header says %d x %d pixels, more than the %d allowed; raise ImageDecoder.maxPixels if the file is trusted"
              .formatted(width, height, maxPixels));
    }
  }
}
