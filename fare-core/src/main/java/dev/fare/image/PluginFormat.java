package dev.fare.image;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Iterator;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;

/** Every other format, through ImageIO and its plug-ins. */
final class PluginFormat {
  private PluginFormat() {}

  static PixelImage decode(byte[] file, PixelLimit limit) throws IOException {
    try (ImageInputStream stream =
        new MemoryCacheImageInputStream(new ByteArrayInputStream(file))) {
      Iterator<ImageReader> readers = ImageIO.getImageReaders(stream);
      if (!readers.hasNext()) {
        throw new MalformedImageException(
            "its first bytes %s are neither PNG, JPEG nor a format that ImageIO has a plug-in for (WebP: com.twelvemonkeys.imageio:imageio-webp)"
                .formatted(
                    HexFormat.of().formatHex(Arrays.copyOf(file, Math.min(8, file.length)))));
      }
      ImageReader reader = readers.next();
      try {
        reader.setInput(stream, true, true);
        limit.check(reader.getWidth(0), reader.getHeight(0));
        BufferedImage image = reader.read(0);
        return PixelImage.of(image);
      } finally {
        reader.dispose();
      }
    }
  }
}
