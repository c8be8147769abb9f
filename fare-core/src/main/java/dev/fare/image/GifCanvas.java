package dev.fare.image;

import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.awt.image.WritableRaster;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import javax.imageio.ImageReader;
import javax.imageio.metadata.IIOMetadataNode;

/**
 * The picture that a GIF's first frame is painted on, as Pillow has it: at least as large as the
 * frame's place, and before of the transparent colour, or of the palette's first.
 */
record GifCanvas(int width, int height, int left, int top, int background) {

  static GifCanvas of(ImageReader reader, byte[] file) throws IOException {
    ByteBuffer screen = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    IIOMetadataNode root =
        (IIOMetadataNode) reader.getImageMetadata(0).getAsTree("javax_imageio_gif_image_1.0");
    int left = number(root, "ImageDescriptor", "imageLeftPosition");
    int top = number(root, "ImageDescriptor", "imageTopPosition");
    return new GifCanvas(
        Math.max(screen.getShort(6) & 0xffff, left + reader.getWidth(0)),
        Math.max(screen.getShort(8) & 0xffff, top + reader.getHeight(0)),
        left,
        top,
        number(root, "GraphicControlExtension", "transparentColorIndex"));
  }

  private static int number(IIOMetadataNode root, String node, String attribute) {
    IIOMetadataNode found = (IIOMetadataNode) root.getElementsByTagName(node).item(0);
    return found == null ? 0 : Integer.parseInt(found.getAttribute(attribute));
  }

  /** The canvas with the frame in its place. */
  BufferedImage with(BufferedImage frame) {
    if (frame.getWidth() == width && frame.getHeight() == height) {
      return frame;
    }
    IndexColorModel colors = (IndexColorModel) frame.getColorModel();
    WritableRaster raster = colors.createCompatibleWritableRaster(width, height);
    int[] row = new int[width];
    Arrays.fill(row, background);
    for (int y = 0; y < height; y++) {
      raster.setPixels(0, y, width, 1, row);
    }
    raster.setRect(left, top, frame.getRaster());
    return new BufferedImage(colors, raster, false, null);
  }
}
