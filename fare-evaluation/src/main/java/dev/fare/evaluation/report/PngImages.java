package dev.fare.evaluation.report;

import com.google.gson.JsonDeserializationContext;
import com.google.gson.JsonDeserializer;
import com.google.gson.JsonElement;
import com.google.gson.JsonParseException;
import com.google.gson.JsonPrimitive;
import com.google.gson.JsonSerializationContext;
import com.google.gson.JsonSerializer;
import dev.fare.evaluation.Picture;
import dev.fare.image.ImageDecoder;
import dev.fare.image.PixelImage;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Type;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Base64;
import javax.imageio.ImageIO;

/** Pictures as PNG, eight bits a value: what a screen shows of them. */
public final class PngImages {

  private static final String DATA = "data:image/png;base64,";

  private static final byte[] PNG = {(byte) 0x89, 'P', 'N', 'G'};

  private PngImages() {}

  /** A picture as the bytes of a PNG file. */
  public static byte[] encode(Picture picture) {
    return encode(
        picture.width(), picture.height(), (channel, x, y) -> level(picture, channel, x, y));
  }

  /** A picture as a {@code data:} address. */
  public static String dataUri(Picture picture) {
    return dataUri(encode(picture));
  }

  private static String dataUri(byte[] png) {
    return DATA + Base64.getEncoder().encodeToString(png);
  }

  private static long level(Picture picture, int channel, int x, int y) {
    return Math.round(255 * picture.value(channel, x, y));
  }

  /**
   * What differs between two pictures as they are shown, around mid-grey.
   *
   * @param factor how much it is amplified
   */
  static String differenceUri(Picture clean, Picture adversarial, double factor) {
    return dataUri(
        encode(
            clean.width(),
            clean.height(),
            (channel, x, y) ->
                Math.round(
                    127.5
                        + factor
                            * (level(adversarial, channel, x, y) - level(clean, channel, x, y)))));
  }

  /** A value of 0 to 255; what lies outside is cut off. */
  private interface Values {
    long at(int channel, int x, int y);
  }

  private static byte[] encode(int width, int height, Values values) {
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        int rgb = 0;
        for (int channel = 0; channel < 3; channel++) {
          rgb = rgb << 8 | (int) Math.max(0, Math.min(255, values.at(channel, x, y)));
        }
        image.setRGB(x, y, rgb);
      }
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      ImageIO.write(image, "png", bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  /** Pictures in one report's JSON. */
  static final class Json implements JsonSerializer<Picture>, JsonDeserializer<Picture> {

    /**
     * What plain pictures, which compress a thousandfold, may have on top, all of them together.
     */
    private static final long PLAIN_PIXELS = 1 << 22;

    /** More than a byte of a drawing stands for, and much more than one of a photograph. */
    private static final long PIXELS_A_BYTE = 16;

    /** The memory that pictures take is bounded by the file, not by what they claim. */
    private long pixelsLeft = PLAIN_PIXELS;

    @Override
    public JsonElement serialize(Picture picture, Type type, JsonSerializationContext context) {
      return new JsonPrimitive(dataUri(picture));
    }

    @Override
    public Picture deserialize(JsonElement json, Type type, JsonDeserializationContext context) {
      try {
        return read(json.getAsString());
      } catch (IOException | RuntimeException e) {
        throw new JsonParseException("a picture can't be read: " + e.getMessage(), e);
      }
    }

    /** Reads what {@link #dataUri(Picture)} wrote. */
    private Picture read(String uri) throws IOException {
      if (!uri.startsWith(DATA)) {
        throw new IOException("a picture must be a data: address of a PNG");
      }
      byte[] bytes = Base64.getDecoder().decode(uri.substring(DATA.length()));
      if (bytes.length < PNG.length || !Arrays.equals(PNG, Arrays.copyOf(bytes, PNG.length))) {
        throw new IOException("a picture is no PNG");
      }
      pixelsLeft = Math.min(Integer.MAX_VALUE / 4, pixelsLeft + PIXELS_A_BYTE * bytes.length);
      PixelImage image =
          ImageDecoder.standard()
              .maxPixels(Math.max(1, pixelsLeft))
              .decode(bytes, "a report's PNG");
      int size = image.width() * image.height();
      pixelsLeft -= size;
      FloatBuffer planes = FloatBuffer.allocate(3 * size);
      image.toRgb().writePlanes(planes);
      return Picture.of(image.width(), image.height(), planes.array());
    }
  }
}
