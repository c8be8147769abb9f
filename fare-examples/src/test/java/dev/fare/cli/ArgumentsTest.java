package dev.fare.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.engine.EngineException;
import dev.fare.cli.options.Count;
import dev.fare.cli.options.Radius;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class ArgumentsTest {

  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "train",
        "attack",
        "evaluate",
        "retrieval",
        "embed",
        "convert",
        "inspect",
        "report"
      })
  void everyCommandHelpsWithAnExample(String command) {
    Program program = Program.run(command, "--help");

    assertThat(program.exitCode()).isZero();
    assertThat(program.out())
        .contains("Usage: fare " + command)
        .contains("  fare " + command + " ")
        .contains("--json");
  }

  @Test
  void theProgramListsItsCommandsAndExitCodes() {
    Program program = Program.run("--help");

    assertThat(program.exitCode()).isZero();
    assertThat(program.out()).contains("retrieval", "Exit codes", "130", "--require-robust");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "evaluate | Missing required options",
        "evaluate --images a --model b --epsilon x | must be a positive number or fraction such as"
            + " 4/255",
        "evaluate --images a --model b --attack deepfool | but was 'deepfool'",
        "evaluat | Unmatched argument",
        "train --model a --images b --output c --steps many | 'many' is not a long",
        "train --model a --images b --output c --loss mse | but was 'mse'",
        "evaluate --images a --model b --batch-size 0 | a count must be a whole number from 1",
        "evaluate --images a --model b --workers -2 | a count must be a whole number from 1",
        "embed --images a --model b --output c.npy --batch-size 0 | '--batch-size'",
        "attack --images a --model b --output c --steps 1e3 | whole number from 1 to 2147483647",
        "evaluate --images a --model b --require-robust 30 | a share must be a number from 0 to 1",
        "convert --model a --to ggu --output c | one of [hugging-face, open-clip,",
        "retrieval --model a | Missing required option: '--captions=<file>'"
      })
  void whatCannotBeUnderstoodIsTwo(String command, String message) {
    Program program = Program.run((Object[]) command.split(" "));

    assertThat(program.exitCode()).isEqualTo(2);
    assertThat(program.err()).contains(message).contains("--help'.");
    assertThat(program.err().lines()).as("the mistake stays in sight").hasSizeLessThan(6);
  }

  @Test
  void moreThreadsThanTheMachineCanStartAreRefused() {
    Program program =
        Program.run("inspect", folder, "--threads", 99_999); // the engine would start them all

    assertThat(program.exitCode()).isEqualTo(2);
    assertThat(program.err()).contains("--threads must be from 1 to ").contains("got 99999");
  }

  @Test
  void whatACommandReadsIsNotOverwritten() throws IOException {
    Path list = Files.writeString(folder.resolve("photos.txt"), "a.png\n");
    Path captions = Files.writeString(folder.resolve("photos.json"), "{}");
    Path npy = folder.resolve("photos.npy");
    Path page = folder.resolve("photos.html");
    Path output = folder.resolve("sub/../photos.json");
    Files.createDirectory(folder.resolve("sub"));

    List<Program> programs =
        List.of(
            Program.run("embed", "--model", "m", "--images", list, "--output", npy),
            Program.run("retrieval", "--model", "m", "--captions", captions, "--output", page),
            Program.run("convert", "--model", list, "--to", "gguf", "--output", list),
            Program.run("report", captions, "--output", output));

    assertThat(programs)
        .allSatisfy(
            program ->
                assertThat(program.err())
                    .contains("would be overwritten, and the command reads it"))
        .allMatch(program -> program.exitCode() == 1);
    assertThat(list).hasContent("a.png");
    assertThat(captions).hasContent("{}");
  }

  @Test
  void aFailureSaysWhatIsBehindItAndAdvisesInOptions() {
    CommandLine train = Fare.commandLine().getSubcommands().get("train");

    assertThat(
            FailureMessage.of(
                new UncheckedIOException(
                    "can't list photos", new FileSystemLoopException("photos/a/b")),
                train))
        .isEqualTo("can't list photos: the link photos/a/b leads back to a folder that it is in");
    assertThat(
            FailureMessage.of(
                new IllegalStateException(
                    "go on with allowChangedSettings(), not keepBest or microBatchSize"),
                train))
        .isEqualTo("go on with --allow-changed-settings, not keepBest or --micro-batch-size");
    assertThat(
            FailureMessage.of(
                new EngineException(
                    "Failed to extract PyTorch native library", new AccessDeniedException("cache")),
                train))
        .startsWith("Failed to extract PyTorch native library (")
        .contains("AccessDeniedException: cache); it is unpacked into ");
  }

  @Test
  void withoutACommandItNamesThem() {
    Program program = Program.run();

    assertThat(program.exitCode()).isEqualTo(2);
    assertThat(program.err()).contains("a command is missing: train, attack, evaluate, retrieval");
  }

  @Test
  void whatFailsIsOneAndSaysWhy() {
    Path nothing = folder.resolve("nothing");

    Program people = Program.run("inspect", nothing);
    Program programs = Program.run("inspect", nothing, "--json");

    assertThat(people.exitCode()).isEqualTo(1);
    assertThat(people.err()).startsWith("fare inspect: there is no file or folder " + nothing);
    assertThat(people.err()).doesNotContain("\tat ");
    assertThat(Program.run("inspect", nothing, "--verbose").err()).contains("\tat ");
    assertThat(programs.exitCode()).isEqualTo(1);
    assertThat(programs.json().get("error").getAsString()).contains("there is no file or folder");
  }

  private static Object parsed(String option, Object... arguments) {
    CommandLine program = Fare.commandLine();
    String[] words = new String[arguments.length];
    for (int i = 0; i < words.length; i++) {
      words[i] = arguments[i].toString();
    }
    CommandLine.ParseResult result = program.parseArgs(words).subcommand();
    return result.commandSpec().findOption(option).getValue();
  }

  @Test
  void optionsComeFromAFileAndTheCommandLineWins() throws IOException {
    Path config =
        Files.writeString(
            folder.resolve("fare.properties"),
            """
            # for all commands that have it, and for one alone
            count = 7
            evaluate.count = 8
            model = some/clip
            epsilon = 1/255,3/255
            json = true
            """);

    assertThat(
            parsed(
                "--count",
                "attack",
                "--config",
                config,
                "--images",
                "a",
                "--output",
                "b",
                "--epsilon",
                "1/255"))
        .isEqualTo(new Count(7));
    assertThat(parsed("--count", "evaluate", "--config=" + config, "--images", "a"))
        .isEqualTo(new Count(8));
    assertThat(parsed("--count", "evaluate", "--images", "a", "--config", config, "--count", 9))
        .isEqualTo(new Count(9));
    assertThat(parsed("--json", "evaluate", "--images", "a", "--config", config)).isEqualTo(true);
    assertThat(parsed("--json", "evaluate", "--json", "--images", "a", "--config", config))
        .isEqualTo(true);
    assertThat(parsed("--epsilon", "evaluate", "--images", "a", "--config", config))
        .asInstanceOf(InstanceOfAssertFactories.LIST)
        .containsExactly(new Radius(1 / 255.0), new Radius(3 / 255.0));
  }

  @Test
  void aMistakeInTheFileIsNamed() throws IOException {
    Path config = Files.writeString(folder.resolve("fare.properties"), "cuont = 7\n");

    Program unknown = Program.run("evaluate", "--config", config, "--images", "a", "--model", "b");
    Program missing =
        Program.run("evaluate", "--config", folder.resolve("x"), "--images", "a", "--model", "b");

    assertThat(unknown.exitCode()).isEqualTo(2);
    assertThat(unknown.err()).contains("names options that no command has: cuont");
    assertThat(missing.exitCode()).isEqualTo(2);
    assertThat(missing.err()).contains("can't be read");
  }

  @Test
  void radiiAreFractionsOrDecimals() {
    assertThat(Radius.parse("4/255").value()).isCloseTo(4 / 255.0, within(1e-15));
    assertThat(Radius.parse(" 0.5 ").value()).isEqualTo(0.5);
    for (String wrong : new String[] {"", "4/0", "0", "-1/255", "1/2/3", "four"}) {
      assertThatThrownBy(() -> Radius.parse(wrong)).hasMessageContaining("got " + wrong);
    }
  }

  @Test
  void shellsCanCompleteIt() {
    Program program = Program.run("generate-completion");

    assertThat(program.exitCode()).isZero();
    assertThat(program.out())
        .contains("complete -F _complete_fare")
        .contains("--require-robust")
        .contains("apgd-ce");
  }
}
