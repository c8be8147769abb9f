package dev.fare.data;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.fare.image.ImageDecoder;
import dev.fare.image.UnreadableImageException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WebDatasetTest {
  private static final int BLOCK = 512;

  @TempDir Path root;

  @Test
  void readsSamplesOfManyShards() throws IOException {
    tar("t-000.tar", Map.of()).write("a/1.png", 1, "a/1.cls", "7\n", "a/1.txt", "one");
    tar("t-001.tar", Map.of()).write("README", "x", "2.txt", "two", "2.png", 2, "2.cls", "3");
    tar("t-002.tar", Map.of()).write("3.cls", "7", "3.png", 3, "4.txt", "no picture");

    WebDataset data = WebDataset.of(root + "/t-{000..002}.tar");

    assertThat(grays(data)).containsExactly(1, 2, 3);
    assertThat(data.classNames()).containsExactly("0", "1", "2", "3", "4", "5", "6", "7");
    assertThat(labels(data)).containsExactly(7, 3, 7);
    assertThat(data.key(0)).isEqualTo("a/1");
    assertThat(data.text(1)).hasValue("two");
    assertThat(data.text(2)).isEmpty();
    assertThat(data.name(1)).isEqualTo(root.resolve("t-001.tar") + "#2");
  }

  @Test
  void itsTextsAreCaptions() throws IOException {
    tar("c.tar", Map.of()).write("0.png", 1, "0.txt", "a dog\n", "1.png", 2, "1.txt", "a cat");
    tar("d.tar", Map.of()).write("0.png", 1, "1.txt", "of nothing");

    CaptionedImages captioned = CaptionedImages.of(WebDataset.of(root + "/c.tar"));

    assertThat(captioned.texts()).containsExactly("a dog", "a cat");
    assertThatThrownBy(() -> CaptionedImages.of(WebDataset.of(root + "/d.tar")))
        .hasMessageContaining("d.tar#0 must have captions");
  }

  @Test
  void readsNamesThatNeedExtraHeaders() throws IOException {
    String key = "folder/".repeat(40) + "päth";
    for (int mode :
        List.of(TarArchiveOutputStream.LONGFILE_GNU, TarArchiveOutputStream.LONGFILE_POSIX)) {
      tar("long.tar", Map.of("mode", mode)).write(key + ".png", 9, key + ".cls", "0");

      WebDataset data = WebDataset.of(root.resolve("long.tar").toString());

      assertThat(data.key(0)).isEqualTo(key);
      assertThat(grays(data)).containsExactly(9);
    }
  }

  @Test
  void readsWhatTheSystemsTarWrites() throws Exception {
    assumeTrue(Files.isExecutable(Path.of("/bin/tar")), "there is no /bin/tar");
    for (String format : List.of("ustar", "pax", "gnu")) {
      Path folder = Files.createDirectories(root.resolve("files"));
      TestPictures.write(folder.resolve("x.png"), 30);
      Files.writeString(folder.resolve("x.cls"), "1");
      TestPictures.write(folder.resolve("y.png"), 40);
      Files.writeString(folder.resolve("y.cls"), "0");
      Process tar =
          new ProcessBuilder(
                  ("/bin/tar --format=" + format + " -cf s.tar -C files x.png x.cls y.cls y.png")
                      .split(" "))
              .directory(root.toFile())
              .redirectErrorStream(true)
              .start();
      assumeTrue(tar.waitFor() == 0, "this tar doesn't write " + format);

      WebDataset data = WebDataset.of(root.resolve("s.tar").toString());

      assertThat(grays(data)).containsExactly(30, 40);
      assertThat(labels(data)).containsExactly(1, 0);
    }
  }

  @Test
  void readsLabelsFromJson() throws IOException {
    tar("j.tar", Map.of())
        .write("1.png", 1, "1.json", "{\"what\":\"dog\"}", "2.png", 2, "2.json", "{\"what\":1}");

    WebDataset.Builder builder = WebDataset.builder(List.of(root.resolve("j.tar")));

    assertThat(builder.build().classNames()).isEmpty();
    WebDataset data = builder.labelMember("what").classNames(List.of("cat", "dog")).build();
    assertThat(labels(data)).containsExactly(1, 1);
  }

  @Test
  void shufflesOverAllShardsAlike() throws IOException {
    for (int shard = 0; shard < 3; shard++) {
      List<Object> members = new ArrayList<>();
      for (int i = 0; i < 5; i++) {
        members.add(i + ".png");
        members.add(50 * shard + i);
      }
      tar("s" + shard + ".tar", Map.of()).write(members.toArray());
    }
    WebDataset data = WebDataset.of(root + "/s{0,1,2}.tar");
    int[] order = new DataOrder(4).indices(2, 15);

    try (BatchLoader loader =
        BatchLoader.builder(data, 4).seed(4).batchSize(15).threads(2).batches(2, 3).build()) {
      HostBatch batch = loader.next().orElseThrow();
      for (int i = 0; i < 15; i++) {
        int gray = Math.round(batch.pixels().asFloatBuffer().get(i * 48) * 255);
        assertThat(gray).isEqualTo(50 * (order[i] / 5) + order[i] % 5);
      }
    }
  }

  @Test
  void namesAnArchiveThatIsCutOffOrNone() throws IOException {
    tar("cut.tar", Map.of()).write("1.png", 1, "2.bin", "x".repeat(4 * BLOCK));
    Path cut = root.resolve("cut.tar");
    byte[] whole = Files.readAllBytes(cut);
    Files.write(cut, Arrays.copyOf(whole, 4 * BLOCK + 100));

    assertThatThrownBy(() -> WebDataset.of(cut.toString()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("cut.tar");
    Files.writeString(root.resolve("text.tar"), "this is no archive ".repeat(100));
    assertThatThrownBy(() -> WebDataset.of(root.resolve("text.tar").toString()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("text.tar");
    assertThatThrownBy(() -> WebDataset.of(root.resolve("absent.tar").toString()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("absent.tar");
    tar("empty.tar", Map.of()).write("1.cls", "1");
    assertThatThrownBy(() -> WebDataset.of(root.resolve("empty.tar").toString()))
        .hasMessageContaining("there is no picture in");
  }

  @Test
  void believesNoSizeThatAHeaderClaims() throws IOException {
    for (char type : new char[] {'0', 'L', 'x'}) {
      tar("lie.tar", Map.of()).write("1.png", 1);
      Path lie = root.resolve("lie.tar");
      byte[] bytes = Files.readAllBytes(lie);
      System.arraycopy("77777777777\0".getBytes(UTF_8), 0, bytes, 124, 12); // 8 GiB
      bytes[156] = (byte) type;
      Files.write(lie, withChecksum(bytes));

      assertThatThrownBy(() -> WebDataset.of(lie.toString()))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("lie.tar");
    }
  }

  @Test
  void keepsNamesThatReachOutOfTheArchiveAsNames() throws IOException {
    tar("out.tar", Map.of()).write("../../1.png", 6);
    WebDataset data = WebDataset.of(root.resolve("out.tar").toString());

    assertThat(data.key(0)).isEqualTo("../../1");
    assertThat(grays(data)).containsExactly(6);
  }

  /** What the Python library passes over must not part the sample around it. */
  @Test
  void passesOverHiddenFilesAndLinks() throws IOException {
    tar("hidden.tar", Map.of())
        .write(
            "a/1.jpg.txt",
            "x",
            ".png",
            9,
            "a/.png",
            8,
            "a/1.png",
            1,
            "._1.png",
            "mac",
            "a/._1.cls",
            "mac",
            "a/1.cls",
            "5");
    WebDataset data = WebDataset.of(root.resolve("hidden.tar").toString());

    assertThat(grays(data)).containsExactly(1);
    assertThat(data.key(0)).isEqualTo("a/1");
    assertThat(labels(data)).containsExactly(5);

    for (byte type : new byte[] {TarConstants.LF_LINK, TarConstants.LF_SYMLINK}) {
      try (OutputStream out = Files.newOutputStream(root.resolve("links.tar"));
          TarArchiveOutputStream tar = new TarArchiveOutputStream(out, "UTF-8")) {
        put(tar, new TarArchiveEntry("1.png"), TestPictures.png(4));
        TarArchiveEntry link = new TarArchiveEntry("2.png", type);
        link.setLinkName("1.png");
        put(tar, link, new byte[0]);
      }
      assertThat(WebDataset.of(root.resolve("links.tar").toString()).size()).isEqualTo(1);
    }
  }

  @Test
  void findsTheFilesOfASampleThatLieApart() throws IOException {
    tar("apart.tar", Map.of()).write("1.png", 1, "2.png", 2, "2.cls", "7", "1.cls", "5");
    WebDataset data = WebDataset.of(root.resolve("apart.tar").toString());

    assertThat(grays(data)).containsExactly(1, 2);
    assertThat(labels(data)).containsExactly(5, 7);
  }

  @Test
  void saysThatAnArchiveIsCompressed() throws IOException {
    tar("plain.tar", Map.of()).write("1.png", 1);
    Path zipped = root.resolve("zipped.tar.gz");
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(zipped))) {
      Files.copy(root.resolve("plain.tar"), out);
    }

    assertThatThrownBy(() -> WebDataset.of(zipped.toString()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("zipped.tar.gz")
        .hasMessageContaining("it is compressed; unpack it");
  }

  private static void put(TarArchiveOutputStream tar, TarArchiveEntry entry, byte[] content)
      throws IOException {
    entry.setSize(content.length);
    tar.putArchiveEntry(entry);
    tar.write(content);
    tar.closeArchiveEntry();
  }

  /** Moved, and cut into other archives, it is the same data; with other labels it is not. */
  @Test
  void isIdentifiedByWhatItHoldsAndNotByItsArchives() throws IOException {
    tar("one.tar", Map.of()).write("1.png", 1, "1.cls", "0", "2.png", 2, "2.cls", "1");
    tar("a-0.tar", Map.of()).write("1.png", 1, "1.cls", "0");
    tar("a-1.tar", Map.of()).write("2.png", 2, "2.cls", "1");
    tar("other.tar", Map.of()).write("1.png", 1, "1.cls", "1", "2.png", 2, "2.cls", "0");
    String identity = WebDataset.of(root + "/one.tar").identity();

    assertThat(WebDataset.of(root + "/a-{0,1}.tar").identity()).isEqualTo(identity);
    assertThat(WebDataset.of(root + "/other.tar").identity()).isNotEqualTo(identity);
  }

  @Test
  void refusesPicturesAndLabelsThatAreTooLongOrWrong() throws IOException {
    tar("p.tar", Map.of()).write("1.jpg", "no picture");
    WebDataset broken = WebDataset.of(root.resolve("p.tar").toString());
    assertThatThrownBy(() -> TestPictures.gray(broken, 0))
        .isInstanceOf(UnreadableImageException.class)
        .hasMessageContaining("p.tar#1");
    WebDataset limited = broken.decoder(new ImageDecoder(100, 5, false));
    assertThatThrownBy(() -> TestPictures.gray(limited, 0))
        .isInstanceOf(UnreadableImageException.class)
        .hasMessageContaining("it has 10 bytes, more than the 5 allowed");

    tar("q.tar", Map.of()).write("1.png", 1, "1.cls", "cat");
    assertThatThrownBy(() -> WebDataset.of(root.resolve("q.tar").toString()))
        .hasMessageContaining("must hold a whole number, got \"cat\"");
    tar("q.tar", Map.of()).write("1.png", 1, "1.cls", "1", "2.png", 2);
    assertThatThrownBy(() -> WebDataset.of(root.resolve("q.tar").toString()))
        .hasMessageContaining("sample 2 of")
        .hasMessageContaining("has no label, others have");
    tar("q.tar", Map.of()).write("1.png", 1, "1.PNG", 2);
    assertThatThrownBy(() -> WebDataset.of(root.resolve("q.tar").toString()))
        .hasMessageContaining("holds 1.PNG twice");
  }

  @Test
  void expandsBracesAsAShellDoes() {
    assertThat(ShardPattern.expand("a-{08..11}.tar"))
        .containsExactly("a-08.tar", "a-09.tar", "a-10.tar", "a-11.tar");
    assertThat(ShardPattern.expand("{x,y}{1..2}")).containsExactly("x1", "x2", "y1", "y2");
    assertThat(ShardPattern.expand("plain.tar")).containsExactly("plain.tar");
    assertThatThrownBy(() -> ShardPattern.expand("{5..1}")).hasMessageContaining("is empty");
    assertThatThrownBy(() -> ShardPattern.expand("{0..9999999}"))
        .hasMessageContaining("more than 1000000 files");
    assertThatThrownBy(() -> ShardPattern.expand("{0..999999}" + "x".repeat(1_000_000)))
        .hasMessageContaining("more than 67108864 characters");
    assertThat(ShardPattern.expand("{a}".repeat(20_000))).containsExactly("a".repeat(20_000));
    assertThatThrownBy(() -> ShardPattern.expand("{0..9999}{0..9999}"))
        .hasMessageContaining("more than 1000000 files");
  }

  /** An archive to be written by commons-compress. */
  private Archive tar(String name, Map<String, Integer> modes) {
    return new Archive(root.resolve(name), modes.getOrDefault("mode", 0));
  }

  private record Archive(Path file, int longNames) {
    /** Names and contents in turn; a number is a picture of that gray. */
    void write(Object... members) throws IOException {
      Map<String, byte[]> contents = new LinkedHashMap<>();
      for (int i = 0; i < members.length; i += 2) {
        contents.put(
            (String) members[i],
            members[i + 1] instanceof Integer gray
                ? TestPictures.png(gray)
                : ((String) members[i + 1]).getBytes(UTF_8));
      }
      try (OutputStream out = Files.newOutputStream(file);
          TarArchiveOutputStream tar = new TarArchiveOutputStream(out, "UTF-8")) {
        tar.setLongFileMode(longNames);
        tar.setAddPaxHeadersForNonAsciiNames(true);
        for (Map.Entry<String, byte[]> member : contents.entrySet()) {
          TarArchiveEntry entry = new TarArchiveEntry(member.getKey(), true);
          put(tar, entry, member.getValue());
        }
      }
    }
  }

  /** The sum of the header's bytes, its own field taken for blanks. */
  private static byte[] withChecksum(byte[] archive) {
    Arrays.fill(archive, 148, 156, (byte) ' ');
    int sum = IntStream.range(0, BLOCK).map(i -> archive[i] & 0xff).sum();
    byte[] field = "%06o\0 ".formatted(sum).getBytes(UTF_8);
    System.arraycopy(field, 0, archive, 148, field.length);
    return archive;
  }

  private static List<Integer> grays(ImageDataset data) throws IOException {
    List<Integer> grays = new ArrayList<>();
    for (int i = 0; i < data.size(); i++) {
      grays.add(TestPictures.gray(data, i));
    }
    return grays;
  }

  private static int[] labels(ImageDataset data) {
    return IntStream.range(0, data.size()).map(i -> data.label(i).orElseThrow()).toArray();
  }
}
