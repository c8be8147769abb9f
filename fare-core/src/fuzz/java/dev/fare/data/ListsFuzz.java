package dev.fare.data;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/**
 * Feeds the readers of lists and archives what Jazzer invents: {@code mvn -Pfuzz -pl fare-core test
 * -Dtest=ListsFuzz#archive}.
 */
class ListsFuzz {

  private static final String DURATION = "60s";

  private static Path directory;

  /** What reads a list. */
  private interface Reader {
    void read(Path list) throws IOException;
  }

  @BeforeAll
  static void makeDirectory() throws IOException {
    directory = Files.createTempDirectory("fuzz");
    Files.write(directory.resolve("a.jpg"), new byte[1]);
  }

  @AfterAll
  static void deleteDirectory() throws IOException {
    MoreFiles.deleteRecursively(directory, RecursiveDeleteOption.ALLOW_INSECURE);
  }

  @FuzzTest(maxDuration = DURATION)
  void images(byte[] list) throws IOException {
    isReadOrRefused(list, "list", ImageList::text);
    isReadOrRefused(list, "list", ImageList::csv);
    isReadOrRefused(list, "list", ImageList::jsonLines);
  }

  @FuzzTest(maxDuration = DURATION)
  void captions(byte[] list) throws IOException {
    isReadOrRefused(list, "list", CaptionedImages::csv);
    isReadOrRefused(list, "list", CaptionedImages::jsonLines);
    isReadOrRefused(list, "list", file -> CaptionedImages.coco(file, directory));
  }

  @FuzzTest(maxDuration = DURATION)
  void archive(byte[] tar) throws IOException {
    isReadOrRefused(tar, "a.tar", file -> CaptionedImages.of(WebDataset.of(file.toString())));
  }

  private static void isReadOrRefused(byte[] bytes, String name, Reader reader)
      throws IOException {
    Path file = Files.write(directory.resolve(name), bytes);
    try {
      reader.read(file);
    } catch (IOException | IllegalArgumentException expected) {
      if (!String.valueOf(expected.getMessage()).contains(directory.toString())) {
        throw new AssertionError("the message does not name the file", expected);
      }
    }
  }
}
