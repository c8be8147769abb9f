package dev.fare.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicWritingTest {

  private static final Set<String> OURS = Set.of("weights");

  @TempDir Path folder;

  @Test
  void leavesTheOldFileWhenWritingFails() throws IOException {
    Path file = Files.writeString(folder.resolve("x"), "old");

    assertThatThrownBy(
            () ->
                AtomicFile.write(
                    file,
                    out -> {
                      out.write(1);
                      throw new IOException("disk full");
                    }))
        .hasMessage("disk full");

    assertThat(file).hasContent("old");
    assertThat(folder.toFile().list()).containsExactly("x");
  }

  @Test
  void makesTheDirectoriesAboveAFile() throws IOException {
    AtomicFile.write(folder.resolve("a/b/x"), new byte[] {1, 2});

    assertThat(folder.resolve("a/b/x")).hasBinaryContent(new byte[] {1, 2});
    assertThat(folder.resolve("a/b").toFile().list()).containsExactly("x");
  }

  @Test
  void replacesADirectoryAsAWhole() throws IOException {
    Path model = directory("model", "old");

    AtomicDirectory.replace(model, fresh -> Files.writeString(fresh.resolve("other"), "new"));

    assertThat(model.toFile().list()).containsExactly("other");
    assertThat(folder.toFile().list()).containsExactly("model");
  }

  @Test
  void leavesTheOldDirectoryWhenWritingFails() throws IOException {
    Path model = directory("model", "old");

    assertThatThrownBy(
            () ->
                AtomicDirectory.replace(
                    model,
                    fresh -> {
                      Files.writeString(fresh.resolve("weights"), "half");
                      throw new IOException("disk full");
                    }))
        .hasMessage("disk full");

    assertThat(model.resolve("weights")).hasContent("old");
    assertThat(folder.toFile().list()).containsExactly("model");
  }

  @Test
  void makesNoDirectoryWhereItsParentIsGone() {
    assertThatThrownBy(() -> AtomicDirectory.replace(folder.resolve("gone/model"), fresh -> {}))
        .isInstanceOf(NoSuchFileException.class);
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void replacesOnlyWhatIsOfItsKind() throws IOException {
    Path model = directory("model", "old");
    AtomicDirectory.write(model, OURS, fresh -> Files.writeString(fresh.resolve("weights"), "1"));
    Files.writeString(model.resolve("diary"), "mine");

    assertThatThrownBy(() -> AtomicDirectory.write(model, OURS, fresh -> {}))
        .isInstanceOf(FileAlreadyExistsException.class)
        .hasMessageContaining("holds other files")
        .hasMessageContaining("[diary]");
    Path file = Files.writeString(folder.resolve("file"), "x");
    assertThatThrownBy(() -> AtomicDirectory.write(file, OURS, fresh -> {}))
        .isInstanceOf(FileAlreadyExistsException.class)
        .hasMessageContaining("is a file");
    assertThat(model.resolve("weights")).hasContent("1");
  }

  @Test
  void removesDirectoriesAndWhatKilledWritersLeft() throws IOException {
    Path model = directory("model", "old");
    directory(".model.0123.tmp", "half");
    directory("kept.tmp", "not ours");

    AtomicDirectory.deleteLeftovers(folder);
    AtomicDirectory.remove(model);
    AtomicDirectory.remove(model);

    assertThat(folder.toFile().list()).containsExactly("kept.tmp");
  }

  @Test
  void aSaveRemovesWhatAKilledSaveOfTheSameDirectoryLeft() throws IOException {
    String id = "7b0e3c1a-0000-4000-8000-0123456789ab";
    directory(".model." + id + ".tmp", "half");
    directory(".model.b." + id + ".tmp", "half of another, model.b");
    directory(".other." + id + ".tmp", "half of another");

    AtomicDirectory.write(
        folder.resolve("model"), OURS, fresh -> Files.writeString(fresh.resolve("weights"), "1"));

    assertThat(folder.toFile().list())
        .containsExactlyInAnyOrder("model", ".model.b." + id + ".tmp", ".other." + id + ".tmp");
  }

  private Path directory(String name, String weights) throws IOException {
    Path directory = Files.createDirectory(folder.resolve(name));
    Files.writeString(directory.resolve("weights"), weights);
    return directory;
  }
}
