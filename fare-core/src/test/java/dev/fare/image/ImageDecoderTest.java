package dev.fare.image;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.primitives.Bytes;
import dev.fare.image.PixelImage.Mode;
import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Objects;
import java.util.Random;
import java.util.zip.CRC32;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageDecoderTest {
  private static final ImageDecoder DECODER = ImageDecoder.standard();

  @ParameterizedTest
  @CsvSource({
    "TYPE_BYTE_GRAY, GRAY",
    "TYPE_USHORT_GRAY, INTEGER",
    "TYPE_3BYTE_BGR, RGB",
    "TYPE_4BYTE_ABGR, RGBA",
    "TYPE_BYTE_INDEXED, PALETTE",
    "TYPE_BYTE_BINARY, BILEVEL"
  })
  void readsPngsOfEveryKindInterlacedOrNot(String type, Mode mode) throws Exception {
    int number = BufferedImage.class.getField(type).getInt(null);
    BufferedImage image = scribble(new BufferedImage(21, 13, number));

    for (boolean interlaced : new boolean[] {false, true}) {
      PixelImage decoded = DECODER.decode(encode(image, "png", interlaced), type);

      assertThat(decoded.mode()).isEqualTo(mode);
      assertThat(decoded.bytes()).isEqualTo(samples(image, mode));
    }
  }

  @ParameterizedTest
  @CsvSource({"2, 85", "4, 17"})
  void spreadsFewBitsOfGrayOverTheByte(int bits, int step) throws IOException {
    byte[] ramp = new byte[1 << bits];
    for (int i = 0; i < ramp.length; i++) {
      ramp[i] = (byte) (i * step);
    }
    IndexColorModel grays = new IndexColorModel(bits, ramp.length, ramp, ramp, ramp);
    BufferedImage image = new BufferedImage(9, 3, BufferedImage.TYPE_BYTE_BINARY, grays);
    for (int x = 0; x < 9; x++) {
      image.getRaster().setSample(x, 1, 0, x % ramp.length);
    }

    PixelImage decoded = DECODER.decode(encode(image, "png", false), "grays");

    byte[] rgb = decoded.toRgb().bytes();
    for (int x = 0; x < 9; x++) {
      assertThat(rgb[(9 + x) * 3] & 0xff).isEqualTo(x % ramp.length * step);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"bmp", "gif", "tiff"})
  void readsOtherFormatsThroughImageIo(String format) throws IOException {
    int type =
        format.equals("gif") ? BufferedImage.TYPE_BYTE_INDEXED : BufferedImage.TYPE_3BYTE_BGR;
    BufferedImage image = scribble(new BufferedImage(21, 13, type));

    PixelImage decoded = DECODER.decode(encode(image, format, false), format);

    assertThat(decoded.toRgb().bytes()).isEqualTo(PixelImage.of(image).toRgb().bytes());
  }

  @Test
  void readsWebpWhereThePluginIsPresent() throws IOException {
    byte[] webp =
        Base64.getDecoder().decode("UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA");

    PixelImage decoded = DECODER.decode(webp, "dot.webp");

    assertThat(decoded.width()).isEqualTo(1);
    assertThat(decoded.height()).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void readsJpegsAsTheJdkConvertsThem(boolean progressive) throws IOException {
    BufferedImage image = scribble(new BufferedImage(51, 39, BufferedImage.TYPE_INT_RGB));
    byte[] file = encode(image, "jpeg", progressive);

    PixelImage decoded = DECODER.decode(file, "jpeg");

    BufferedImage expected = ImageIO.read(new ByteArrayInputStream(file));
    assertThat(decoded.bytes()).isEqualTo(PixelImage.of(expected).toRgb().bytes());
  }

  @Test
  void readsJpegsWithADamagedColourProfile() throws IOException {
    byte[] file = resource("large_rgb_301x257.jpg");
    byte[] profile = "\u00ff\u00e2\0\u0018ICC_PROFILE\0\u0003\u0001damaged!".getBytes(ISO_8859_1);
    byte[] damaged =
        Bytes.concat(Arrays.copyOf(file, 2), profile, Arrays.copyOfRange(file, 2, file.length));

    PixelImage decoded = DECODER.decode(damaged, "profile");

    assertThat(decoded.bytes()).isEqualTo(DECODER.decode(file, "plain").bytes());
  }

  @ParameterizedTest
  @ValueSource(strings = {"rgba_64x91.png", "palette_transparent_40x33.png", "cmyk_60x47.jpg"})
  void refusesEveryTruncation(String name) throws IOException {
    byte[] file = resource(name);
    for (int length = 0; length < file.length - 12; length += 1 + file.length / 97) {
      byte[] truncated = Arrays.copyOf(file, length);
      assertThatThrownBy(() -> DECODER.decode(truncated, "the/" + name))
          .as("%d of %d bytes", length, file.length)
          .isInstanceOf(UnreadableImageException.class)
          .hasMessageContaining("can't read image the/" + name + ": ");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"rgba_64x91.png", "exif_orientation6_90x52.jpg", "cmyk_60x47.jpg"})
  void survivesFlippedBits(String name) throws IOException {
    byte[] file = resource(name);
    Random random = new Random(7);
    ImageDecoder careful = DECODER.maxPixels(1 << 20);
    int refused = 0;
    for (int i = 0; i < 300; i++) {
      byte[] damaged = file.clone();
      damaged[random.nextInt(file.length)] ^= (byte) (1 << random.nextInt(8));
      damaged[random.nextInt(Math.min(200, file.length))] = (byte) random.nextInt();
      try {
        PixelImage image = careful.decode(damaged, name);
        assertThat((long) image.width() * image.height()).isLessThanOrEqualTo(1 << 20);
      } catch (UnreadableImageException e) {
        assertThat(e.source()).isEqualTo(name);
        assertThat(e.reason()).isNotBlank();
        refused++;
      }
    }
    assertThat(refused).isGreaterThanOrEqualTo(30); // a flipped bit may be another picture
  }

  @Test
  void refusesImageBombsByTheirHeader() throws IOException {
    byte[] png = resource("tiny_rgb_7x5.png");
    ByteBuffer.wrap(png).putInt(16, 200_000).putInt(20, 200_000);
    CRC32 crc = new CRC32();
    crc.update(png, 12, 17);
    ByteBuffer.wrap(png).putInt(29, (int) crc.getValue());
    byte[] jpeg = encode(new BufferedImage(8, 8, BufferedImage.TYPE_INT_RGB), "jpeg", false);
    int frame = Bytes.indexOf(jpeg, new byte[] {-1, -64, 0, 17, 8});
    ByteBuffer.wrap(jpeg).putShort(frame + 5, (short) 65_500).putShort(frame + 7, (short) 65_500);
    byte[] gif =
        HexFormat.of()
            .parseHex("47494638396108000800f00000000000ffffff2c00000000e8fde8fd0002024401003b");

    assertThatThrownBy(() -> DECODER.decode(png, "bomb.png"))
        .hasMessageContaining("bomb.png: its header says 200000 x 200000 pixels")
        .hasMessageContaining("178956970 allowed");
    assertThatThrownBy(() -> DECODER.decode(jpeg, "bomb.jpg"))
        .hasMessageContaining("its header says 65500 x 65500 pixels");
    assertThatThrownBy(() -> DECODER.decode(gif, "bomb.gif"))
        .hasMessageContaining("its header says 65000 x 65000 pixels");
  }

  /** What a header claims costs nothing: work and memory are bounded by the file's size. */
  @Test
  void refusesWhatAFileOfItsSizeCantHold() throws IOException {
    byte[] claims =
        HexFormat.of()
            .parseHex(
                "89504e470d0a1a0a0000000d49484452000034410000344108060000004a68709a"
                    + "0000000c4944415478da6360a03d000000640001b899ef990000000049454e44ae426082");
    byte[] progressive =
        encode(new BufferedImage(64, 64, BufferedImage.TYPE_INT_RGB), "jpeg", true);
    int frame = Bytes.indexOf(progressive, new byte[] {-1, -62, 0, 17, 8});
    ByteBuffer.wrap(progressive)
        .putShort(frame + 5, (short) 9000)
        .putShort(frame + 7, (short) 9000);
    int lastScan = Bytes.asList(progressive).size();
    while (progressive[lastScan - 2] != -1 || progressive[lastScan - 1] != (byte) 0xda) {
      lastScan--;
    }
    byte[] scan = Arrays.copyOfRange(progressive, lastScan - 2, progressive.length - 2);
    byte[] scans = Arrays.copyOf(progressive, progressive.length - 2);
    for (int i = 0; i < 200; i++) {
      scans = Bytes.concat(scans, scan);
    }
    byte[] manyScans = Bytes.concat(scans, new byte[] {-1, (byte) 0xd9});

    assertThatThrownBy(() -> DECODER.decode(claims, "claims.png"))
        .isInstanceOf(UnreadableImageException.class)
        .hasMessageContaining("13377 x 13377 pixels, more than its 12 bytes of compressed pixels");
    assertThatThrownBy(() -> DECODER.decode(manyScans, "scans.jpg"))
        .isInstanceOf(UnreadableImageException.class)
        .hasMessageContaining("scans of 9000 x 9000 pixels are more work than a file of");
  }

  /** Either made the recommended plug-in decode zeros for ever, or ask for gigabytes. */
  @ParameterizedTest
  @CsvSource({
    "UklGRhoAAABXRUJQVlA4TA0AAAAvAJkAEAcQEQgICAgICAgICAgICAgICAgICAgRiIj+gwA=, truncated",
    "UklGRiIAAABXRUJQVlA4IBYAAAAwAQQb2UK1DqTec6b89LKttNcyGqeFxDZvBbPQfLLtHgCdASoBAAEADsD+JaQAA3AAAAAA, key frame"
  })
  void endsAWebpDecoderThatReadsPastTheEnd(String webp, String reason) {
    byte[] file = Base64.getDecoder().decode(webp);

    assertThatThrownBy(() -> DECODER.decode(file, "bad.webp"))
        .isInstanceOf(UnreadableImageException.class)
        .hasMessageContaining(reason);
  }

  @Test
  void paintsAGifsFirstFrameOnItsCanvas() throws IOException {
    byte[] gif =
        HexFormat.of()
            .parseHex(
                "47494638396110000c0091000000ff0050c332a08764f04b962c040003000600050000"
                    + "021704473104c7510cc15114437014c3101cc5100447310457003b");
    PixelImage image = DECODER.decode(gif, "frame.gif");
    byte[] rgb = image.toRgb().bytes();

    assertThat(image.width()).isEqualTo(16);
    assertThat(image.height()).isEqualTo(12);
    assertThat(Arrays.copyOf(rgb, 3)).as("the palette's first colour").containsExactly(0, -1, 0);
  }

  /** Pillow turns a TIFF as its tag says. */
  @Test
  void turnsATiffAndRefusesWhatJavaConvertsInItsOwnWay() throws IOException {
    PixelImage turned = DECODER.decode(tiff(2, 6, 1, new byte[] {1, 2, 3, 4, 5, 6}), "6.tif");

    assertThat(turned.width()).isEqualTo(1);
    assertThat(turned.height()).isEqualTo(2);
    assertThat(turned.toRgb().bytes()).containsExactly(1, 2, 3, 4, 5, 6);
    assertThatThrownBy(() -> DECODER.decode(tiff(5, 1, 1, new byte[8]), "cmyk.tif"))
        .isInstanceOf(UnreadableImageException.class)
        .hasMessageContaining("TIFF in CMYK");
    assertThatThrownBy(() -> DECODER.decode(tiff(2, 1, 3, new byte[6]), "float.tif"))
        .isInstanceOf(UnreadableImageException.class)
        .hasMessageContaining("floating-point");
  }

  /** Two pixels in a row, uncompressed. */
  private static byte[] tiff(int photometric, int orientation, int format, byte[] pixels) {
    int samples = pixels.length / 2;
    int[][] tags = {
      {256, 2},
      {257, 1},
      {258, 8},
      {259, 1},
      {262, photometric},
      {273, 8},
      {274, orientation},
      {277, samples},
      {278, 1},
      {279, pixels.length},
      {339, format}
    };
    ByteBuffer file = ByteBuffer.allocate(200);
    file.putInt(0x4d4d002a).putInt(16).put(pixels);
    file.position(16).putShort((short) tags.length);
    for (int[] tag : tags) {
      boolean each = tag[0] == 258 || tag[0] == 339;
      file.putShort((short) tag[0]).putShort((short) 3).putInt(each ? samples : 1);
      if (each) {
        file.putInt(160);
      } else {
        file.putShort((short) tag[1]).putShort((short) 0);
      }
      if (tag[0] == 339) {
        file.putInt(file.position() - 4, 180);
      }
    }
    for (int i = 0; i < samples; i++) {
      file.putShort(160 + 2 * i, (short) 8).putShort(180 + 2 * i, (short) format);
    }
    return file.array();
  }

  @Test
  void refusesWhatIsLargerThanTheHostAllows() throws IOException {
    byte[] file = resource("tiny_rgb_7x5.png");

    assertThat(DECODER.maxPixels(35).decode(file, "tiny").width()).isEqualTo(7);
    assertThatThrownBy(() -> DECODER.maxPixels(34).decode(file, "tiny"))
        .isInstanceOf(UnreadableImageException.class)
        .hasMessageContaining("more than the 34 allowed");
    assertThatThrownBy(
            () -> new ImageDecoder(100, 20, false).decode(new ByteArrayInputStream(file), "tiny"))
        .hasMessageContaining("more than the 20 bytes allowed");
    assertThatThrownBy(() -> DECODER.maxPixels(0)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void saysWhatAFileThatIsNoImageBeginsWith(@TempDir Path folder) throws IOException {
    Path file = Files.writeString(folder.resolve("notes.png"), "Dear diary");

    assertThatThrownBy(() -> DECODER.decode(file))
        .isInstanceOf(UnreadableImageException.class)
        .hasMessageContaining("notes.png")
        .hasMessageContaining("4465617220646961");
    assertThatThrownBy(() -> DECODER.decode(folder.resolve("absent.png")))
        .isInstanceOf(NoSuchFileException.class);
  }

  private static BufferedImage scribble(BufferedImage image) {
    Random random = new Random(3);
    int[] max = image.getRaster().getSampleModel().getSampleSize();
    for (int y = 0; y < image.getHeight(); y++) {
      for (int x = 0; x < image.getWidth(); x++) {
        for (int band = 0; band < max.length; band++) {
          int value = (x * 9 + y * 5 * (band + 1) + random.nextInt(40)) % 216;
          int sample = max[band] == 16 ? value * 300 : value & ((1 << max[band]) - 1);
          image.getRaster().setSample(x, y, band, sample);
        }
      }
    }
    return image;
  }

  /** What the file must hold, read from Java's raster without our conversion. */
  private static byte[] samples(BufferedImage image, Mode mode) {
    ByteBuffer bytes =
        ByteBuffer.allocate(image.getWidth() * image.getHeight() * mode.bytesPerPixel());
    for (int y = 0; y < image.getHeight(); y++) {
      for (int x = 0; x < image.getWidth(); x++) {
        for (int band = 0; band < image.getRaster().getNumBands(); band++) {
          int sample = image.getRaster().getSample(x, y, band);
          switch (mode) {
            case INTEGER -> bytes.putInt(sample);
            case BILEVEL -> bytes.put((byte) (sample * 255));
            default -> bytes.put((byte) sample);
          }
        }
      }
    }
    return bytes.array();
  }

  private static byte[] encode(BufferedImage image, String format, boolean progressive) {
    ImageWriter writer = ImageIO.getImageWritersByFormatName(format).next();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ImageOutputStream stream = ImageIO.createImageOutputStream(bytes)) {
      ImageWriteParam param = writer.getDefaultWriteParam();
      if (progressive) {
        param.setProgressiveMode(ImageWriteParam.MODE_DEFAULT);
      }
      writer.setOutput(stream);
      writer.write(null, new IIOImage(image, null, null), param);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      writer.dispose();
    }
    return bytes.toByteArray();
  }

  private static byte[] resource(String name) throws IOException {
    try (InputStream stream =
        ImageDecoderTest.class.getResourceAsStream("preprocess/src/" + name)) {
      return Objects.requireNonNull(stream, name).readAllBytes();
    }
  }

  /** 72 bytes that make ImageIO's reader ask for 832 MB. */
  @Test
  void refusesABmpAroundAnotherFormat() {
    byte[] bmp =
        Base64.getDecoder()
            .decode(
                "Qk3uAQAAAAA0AAAAAAAoAAAADQAAAAsAAAABABgABAAAAAIoADQAAAAAACgAAAANAAAACwAAAAEAGAAEAAAA"
                    + "AigUBCgoAPAA");

    assertThatThrownBy(() -> DECODER.decode(bmp, "embedded.bmp"))
        .isInstanceOf(UnreadableImageException.class)
        .hasMessageContaining("embedded.bmp: it is a BMP around a JPEG or PNG");
  }
}
