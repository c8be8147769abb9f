package dev.fare.examples.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fare.examples.benchmarks.InterleavedTimer.Candidate;
import dev.fare.examples.benchmarks.InterleavedTimer.Clock;
import dev.fare.examples.benchmarks.InterleavedTimer.Timing;
import dev.fare.examples.benchmarks.Workbench.Models;
import dev.fare.models.transformer.Activation;
import dev.fare.models.vision.VitConfig;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** That benchmarks measure, never how much. */
class BenchmarksTest {

  private static final VitConfig TINY =
      new VitConfig(32, 8, 32, 2, 2, 128, 16, Activation.QUICK_GELU, 1e-5);

  @Test
  void everyRowIsMeasuredOnTinyModels() throws Exception {
    List<String> rows = new ArrayList<>();
    try (Workbench bench =
        new Workbench(
            new Models(TINY, TINY),
            new InterleavedTimer(1, Duration.ofMinutes(1), Clock.WALL),
            1,
            null)) {
      for (Benchmark benchmark : Benchmarks.ALL) {
        for (Measurement row : benchmark.run(bench)) {
          rows.add(row.row());
          assertThat(row.value()).as(row.row()).isFinite();
          assertThat(row.lowest()).as(row.row()).isLessThanOrEqualTo(row.value());
          assertThat(row.highest()).as(row.row()).isGreaterThanOrEqualTo(row.value());
          assertThat(row.details()).as(row.row()).isNotEmpty();
        }
      }
    }
    assertThat(rows).doesNotHaveDuplicates().hasSize(13);
  }

  @Test
  void candidatesTakeTurnsAfterOneRunEach() throws Exception {
    List<String> turns = new ArrayList<>();
    List<Timing> timings =
        new InterleavedTimer(2, Duration.ofMinutes(1), Clock.WALL)
            .run(
                List.of(
                    new Candidate("a", () -> turns.add("a")),
                    new Candidate("b", () -> turns.add("b"))));

    assertThat(turns).containsExactly("a", "b", "a", "b", "a", "b");
    assertThat(timings).extracting(Timing::name).containsExactly("a", "b");
    assertThat(timings.get(0).ratio()).isEqualTo(1);
  }

  @Test
  void noRoundBeginsAfterTheLimitButThreeAreMade() throws Exception {
    List<String> turns = new ArrayList<>();
    new InterleavedTimer(9, Duration.ZERO, Clock.WALL)
        .run(List.of(new Candidate("a", () -> turns.add("a"))));

    assertThat(turns).hasSize(1 + 3);
  }

  @Test
  void theProductsOfViTB32AreCounted() {
    // the linear layers of 16 images, by hand: patches, eleven blocks of 12 C² a token, there and
    // back
    double linear = 2 * 2 * 16.0 * (49 * 3072 * 768 + 11 * 50 * 12.0 * 768 * 768);

    assertThat(TowerProducts.operations(Workbench.config("ViT-B-32-quickgelu"), 16))
        .isCloseTo(linear, within(0.03 * linear))
        .isGreaterThan(linear);
  }

  @Test
  void targetsReadAsPeopleWriteThem() {
    assertThat(Target.shareOfAtLeast(0.92)).hasToString("≥ 92.0 %");
    assertThat(Target.timesAtMost(2)).hasToString("≤ 2.00×");
    assertThat(Target.timesAtLeast(1.1).isMetBy(1.09)).isFalse();
    assertThat(Target.shareOfAtMost(0.03).isMetBy(0.03)).isTrue();
  }

  @Test
  void anUnknownRowIsToldWithThoseThatExist() {
    CommandLine command = new CommandLine(new Benchmarks());
    StringWriter errors = new StringWriter();
    int status = command.setErr(new PrintWriter(errors)).execute("--rows", "speed");

    assertThat(status).isEqualTo(CommandLine.ExitCode.USAGE);
    assertThat(errors.toString()).contains("pixel-gradient-b32", "got speed");
  }
}
