package dev.fare.examples.emoji;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import javax.imageio.ImageIO;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.compressors.gzip.GzipCompressorOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmojiPackBuilderTest {
  @TempDir Path folder;

  @Test
  void buildsTheSameBytesFromArchivesAndFolders() throws IOException {
    Map<String, byte[]> google = npmPackage("google");
    Map<String, byte[]> twitter = npmPackage("twitter");

    EmojiPackBuilder.main(
        new String[] {
          archive(google, "google.tgz").toString(),
          archive(twitter, "twitter.tgz").toString(),
          folder.resolve("first").toString()
        });
    EmojiPackBuilder.main(
        new String[] {
          extracted(google, "google").toString(),
          extracted(twitter, "twitter").toString(),
          folder.resolve("second").toString()
        });

    for (String name : new String[] {"concepts.json", "noto.png", "twemoji.png", "NOTICE.md"}) {
      assertThat(folder.resolve("second").resolve(name))
          .hasSameBinaryContentAs(folder.resolve("first").resolve(name));
    }
    assertThat(folder.resolve("first/concepts.json"))
        .content(UTF_8)
        .contains("\"name\":\"magnifying glass\"")
        .doesNotContain("green_apple");
  }

  @Test
  void saysWhichFileAPackageLacks() throws IOException {
    Map<String, byte[]> google = npmPackage("google");
    google.remove("img/google/64/hammer.png");
    Path incomplete = archive(google, "google.tgz");
    Path complete = archive(npmPackage("twitter"), "twitter.tgz");

    assertThatThrownBy(
            () ->
                EmojiPackBuilder.main(
                    new String[] {incomplete.toString(), complete.toString(), folder + "/out"}))
        .isInstanceOf(IOException.class)
        .hasMessage("img/google/64/hammer.png is missing from " + incomplete);
  }

  @Test
  void saysWhichArgumentsItTakes() {
    assertThatThrownBy(() -> EmojiPackBuilder.main(new String[] {"one"}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("expected 3 arguments, got 1: GOOGLE_TGZ TWITTER_TGZ OUTPUT_FOLDER");
    assertThatThrownBy(() -> EmojiPackBuilder.main(new String[] {"no.tgz", "no.tgz", "out"}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("no.tgz does not exist");
  }

  /** A stand-in for a package: a catalogue of all short names we know and one-coloured pictures. */
  private static Map<String, byte[]> npmPackage(String style) throws IOException {
    Map<String, byte[]> files = new TreeMap<>();
    JsonArray catalogue = new JsonArray();
    for (String shortName : EmojiSelection.mentioned()) {
      JsonObject emoji = new JsonObject();
      emoji.addProperty("sort_order", catalogue.size());
      emoji.addProperty("unified", Integer.toHexString(catalogue.size()));
      emoji.addProperty("short_name", shortName);
      emoji.addProperty("name", shortName + " " + catalogue.size());
      emoji.addProperty("category", "Objects");
      emoji.addProperty("image", shortName + ".png");
      catalogue.add(emoji);
      files.put(
          "img/" + style + "/64/" + shortName + ".png", picture(0xFF000000 | shortName.hashCode()));
    }
    files.put("emoji.json", catalogue.toString().getBytes(UTF_8));
    return files;
  }

  private static byte[] picture(int argb) throws IOException {
    BufferedImage image = new BufferedImage(64, 64, BufferedImage.TYPE_INT_ARGB);
    for (int i = 0; i < 64 * 64; i++) {
      image.setRGB(i % 64, i / 64, argb);
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ImageIO.write(image, "png", bytes);
    return bytes.toByteArray();
  }

  private Path archive(Map<String, byte[]> files, String name) throws IOException {
    Path archive = folder.resolve(name);
    try (OutputStream out = Files.newOutputStream(archive);
        TarArchiveOutputStream tar =
            new TarArchiveOutputStream(new GzipCompressorOutputStream(out))) {
      for (Map.Entry<String, byte[]> file : files.entrySet()) {
        TarArchiveEntry entry = new TarArchiveEntry("package/" + file.getKey());
        entry.setSize(file.getValue().length);
        tar.putArchiveEntry(entry);
        tar.write(file.getValue());
        tar.closeArchiveEntry();
      }
    }
    return archive;
  }

  private Path extracted(Map<String, byte[]> files, String name) throws IOException {
    for (Map.Entry<String, byte[]> file : files.entrySet()) {
      Path path = folder.resolve(name).resolve("package").resolve(file.getKey());
      Files.createDirectories(path.getParent());
      Files.write(path, file.getValue());
    }
    return folder.resolve(name);
  }
}
