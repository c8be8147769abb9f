package dev.fare.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.fare.examples.emoji.EmojiData;
import dev.fare.examples.emoji.EmojiDataset;
import dev.fare.examples.quickstart.EmbeddedClip;
import dev.fare.examples.quickstart.SamplePictures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What reaches a training of {@code fare train}'s options, read from its checkpoint. */
class TrainOptionsTest {

  @TempDir private static Path shared;
  @TempDir private Path folder;
  private static Path clip;
  private static Path images;

  @BeforeAll
  static void placeModelAndImages() throws IOException {
    clip = EmbeddedClip.copyTo(shared.resolve("clip"));
    images = shared.resolve("images");
    SamplePictures.write(EmojiDataset.testSetA(EmojiData.load(), 4), images);
  }

  private Program train(Object... more) {
    return trainInto(folder.resolve("out"), more);
  }

  private static Program trainInto(Path output, Object... more) {
    List<Object> words = new ArrayList<>(List.of("train", "--model", clip, "--images", images));
    words.addAll(List.of("--output", output, "--batch-size", 2, "--attack-steps", 1));
    words.addAll(List.of(more));
    if (!words.contains("--steps")) {
      words.addAll(List.of("--steps", 2));
    }
    return Program.run(words.toArray());
  }

  private JsonObject settings() throws IOException {
    return state().getAsJsonObject("settings");
  }

  private JsonObject state() throws IOException {
    Path state = folder.resolve("out-run/step-000000002/state.json");
    return JsonParser.parseString(Files.readString(state)).getAsJsonObject();
  }

  @Test
  void flipsWithoutCropsUnlessTheyAreAskedFor() throws IOException {
    Program program = train("--flip");

    assertThat(program.exitCode()).as(program.err()).isZero();
    assertThat(state().get("data").getAsString())
        .contains("Augmentation[crop=Optional.empty, flipProbability=0.5");
  }

  @Test
  void everythingOfTheBuilderCanBeSaidInAFile() throws IOException {
    Path config =
        Files.writeString(
            folder.resolve("train.properties"),
            """
            loss = trades
            distance = cosine
            clean-weight = 0.25
            token-weight = 0.5
            attack = apgd
            norm = l2
            epsilon = 0.5
            optimizer = sgd
            momentum = 0.8
            schedule = constant
            warmup-steps = 1
            learning-rate = 0.001
            weight-decay = 0.01
            gradient-clip = 2
            average-decay = 0.9
            freeze = conv1|positional
            micro-batch-size = 1
            activation-checkpointing = true
            seed = 7
            crop = 0.8
            flip = true
            """);

    Program program = train("--config", config);

    assertThat(program.exitCode()).as(program.err()).isZero();
    JsonObject settings = settings();
    assertThat(settings.get("loss").getAsString())
        .contains("WithTokens", "weight=0.5", "WithClean", "weight=0.25", "Trades", "COSINE");
    assertThat(settings.get("attack").getAsString()).contains("L2", "0.5");
    assertThat(settings.get("optimizer").getAsString()).contains("momentum=0.8");
    assertThat(settings.get("schedule").getAsString()).contains("Constant", "warmupSteps=1");
    assertThat(settings.get("learningRate").getAsDouble()).isEqualTo(0.001);
    assertThat(settings.get("weightDecay").getAsDouble()).isEqualTo(0.01);
    assertThat(settings.get("microBatchSize").getAsInt()).isEqualTo(1);
    assertThat(settings.get("gradientClip").getAsDouble()).isEqualTo(2);
    assertThat(settings.get("averageDecay").getAsDouble()).isEqualTo(0.9);
    assertThat(settings.get("seed").getAsLong()).isEqualTo(7);
    assertThat(settings.get("activationCheckpointing").getAsBoolean()).isTrue();
    assertThat(settings.toString()).contains("frozen");
    assertThat(state().get("data").getAsString()).contains("minScale=0.8", "flipProbability=0.5");
  }

  @Test
  void tecoaTakesItsClassesFromTheFoldersAndFareCanKeepTheReferences() throws IOException {
    Program tecoa = train("--loss", "tecoa");
    assertThat(tecoa.exitCode()).as(tecoa.err()).isZero();
    assertThat(settings().get("loss").getAsString()).contains("CrossEntropy");

    Path cache = folder.resolve("cache");
    Program fare =
        trainInto(
            folder.resolve("fare"), "--reference-cache", cache, "--attack-distance", "cosine");
    assertThat(fare.exitCode()).as(fare.err()).isZero();
    assertThat(cache).isNotEmptyDirectory();
  }

  /** Names and sentences reach the classes, and the best weights are what is saved. */
  @Test
  void validatesByAccuracyUnderApgdAndEndsEarly() throws IOException {
    Path sentences = Files.writeString(folder.resolve("sentences.txt"), "a drawing of a {}\n");
    List<Object> options = new ArrayList<>();
    options.addAll(List.of("--validate", images, "--validate-by", "accuracy"));
    options.addAll(List.of("--validate-every", 1, "--validate-attack-steps", 5));
    options.addAll(List.of("--templates", sentences, "--early-stop", 1, "--epsilon", "48/255"));
    options.addAll(List.of("--steps", 50, "--learning-rate", "1e-12", "--license", "mit"));
    options.addAll(List.of("--loss-limit", "1e6", "--json"));

    Program program = train(options.toArray());

    assertThat(program.exitCode()).as(program.err()).isZero();
    JsonObject validation = program.json().getAsJsonObject("validation");
    assertThat(validation.get("clean_accuracy").getAsDouble()).isGreaterThan(0.5);
    assertThat(validation.get("robust_accuracy").getAsDouble())
        .isLessThan(validation.get("clean_accuracy").getAsDouble());
    int last = program.json().get("lastStep").getAsInt();
    assertThat(last).isLessThan(50);
    List<String> table = Files.readAllLines(folder.resolve("out-run/metrics.csv"));
    assertThat(table.get(0)).endsWith(",validation_clean_accuracy,validation_robust_accuracy");

    String card = Files.readString(folder.resolve("out/README.md"));
    String command = "fare train --model clip --images images --output out --batch-size 2";
    assertThat(card)
        .contains("license: \"mit\"", command, " --epsilon 48/255 --steps 50 ", " --license mit ");
    JsonObject training =
        JsonParser.parseString(Files.readString(folder.resolve("out/training.json")))
            .getAsJsonObject();
    assertThat(training.get("command").getAsString()).startsWith(command).endsWith(" --json");
    assertThat(training.get("license").getAsString()).isEqualTo("mit");

    // it has ended: started again, it finds its model there and makes no step
    Program again = train(options.toArray());
    assertThat(again.exitCode()).as(again.err()).isZero();
    assertThat(again.json().get("firstStep").getAsInt()).isEqualTo(last);
    assertThat(again.json().get("lastStep").getAsInt()).isEqualTo(last);
  }

  @Test
  void anOptionThatIsGivenTwiceIsRefused() {
    Program program = train("--validate", images, "--steps", 2, "--loss-limit", 9, "--steps=3");

    assertThat(program.exitCode()).isEqualTo(2);
    assertThat(program.err()).contains("option '--steps' should be given only once");
    assertThat(folder.resolve("out-run")).doesNotExist();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--loss tecoa --distance cosine | --distance is of fare and trades",
        "--attack apgd --step-size 1/255 | --step-size is PGD's",
        "--momentum 0.9 | --momentum is of sgd and --betas of adamw",
        "--betas 0.9 | --betas must be two",
        "--early-stop 3 | give --validate",
        "--loss-limit 1e-9 | step 1 went wrong: loss ",
        "--clean-weight 2 | the clean weight must be in (0, 1), got 2.0",
      })
  void whatContradictsItselfIsSaid(String options, String message) {
    Program program = train((Object[]) options.split(" "));

    assertThat(program.exitCode()).isEqualTo(1);
    assertThat(program.err()).contains("fare train: ").contains(message);
    assertThat(folder.resolve("out")).doesNotExist();
  }
}
