package dev.fare.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What an earlier version has begun, this one ends as that one would have. */
class EarlierRunsTest {

  /** Another processor rounds otherwise; another random draw moves weights by 1e-3 and more. */
  private static final float ROUNDING = 1e-5f;

  private static final FileTime LONG_AGO = FileTime.fromMillis(0);

  @TempDir private Path folder;

  static Stream<EarlierRuns.Run> runs() {
    return EarlierRuns.all();
  }

  @ParameterizedTest
  @MethodSource("runs")
  void goesOnFromTheCheckpoint(EarlierRuns.Run run) throws Exception {
    copy("earlier/" + run.name(), folder);
    List<Path> references = run.keepsReferences() ? age(folder.resolve("references")) : List.of();

    EarlierRuns.End end =
        EarlierRuns.finish(
            run,
            folder.resolve("references"),
            builder -> builder.checkpoints(folder),
            trainer -> assertThat(trainer.step()).isEqualTo(EarlierRuns.STOP));

    EarlierRuns.End expected = Objects.requireNonNull(EarlierRuns.ends().get(run.name()));
    assertThat(expected.losses()).hasSize(Runs.STEPS - EarlierRuns.STOP);
    assertThat(end.losses()).hasSameSizeAs(expected.losses());
    for (int i = 0; i < expected.losses().length; i++) {
      assertClose(end.losses()[i], expected.losses()[i]);
    }
    assertThat(end.weights()).containsExactly(expected.weights(), within(ROUNDING));
    assertThat(end.averages()).containsExactly(expected.averages(), within(ROUNDING));
    assertClose(end.finalLoss(), expected.finalLoss());
    assertThat(end.warnings()).isEqualTo(expected.warnings());
    assertThat(end.validation().keySet()).isEqualTo(expected.validation().keySet());
    expected.validation().forEach((name, value) -> assertClose(end.validation().get(name), value));
    if (run.keepsReferences()) {
      // read, not made again
      assertThat(list(folder.resolve("references"))).isEqualTo(references).hasSize(1);
      assertThat(Files.getLastModifiedTime(references.get(0))).isEqualTo(LONG_AGO);
    }
  }

  /** A cross-entropy of 100 is a hundred times as rough as a distance. */
  private static void assertClose(double value, double expected) {
    assertThat(value).isCloseTo(expected, within(ROUNDING * Math.max(1, Math.abs(expected))));
  }

  private static List<Path> age(Path directory) throws IOException {
    List<Path> files = list(directory);
    for (Path file : files) {
      Files.setLastModifiedTime(file, LONG_AGO);
    }
    return files;
  }

  private static List<Path> list(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.toList();
    }
  }

  private static void copy(String resource, Path to) throws IOException, URISyntaxException {
    Path from =
        Path.of(Objects.requireNonNull(EarlierRunsTest.class.getResource(resource)).toURI());
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Path target = to.resolve(from.relativize(file).toString());
        Files.createDirectories(target.getParent());
        Files.copy(file, target);
      }
    }
  }
}
