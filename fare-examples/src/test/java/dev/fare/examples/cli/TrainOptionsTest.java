package dev.fare.examples.cli;

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
    words.addAll(List.of("--output", output, "--steps", 2, "--batch-size", 2));
    words.addAll(List.of("--attack-steps", 1));
    words.addAll(List.of(more));
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

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--loss tecoa --distance cosine | --distance is of fare and trades",
        "--attack apgd --step-size 1/255 | --step-size is PGD's",
        "--momentum 0.9 | --momentum is of sgd and --betas of adamw",
        "--betas 0.9 | --betas must be two",
        "--early-stop 3 | give --validate",
        "--clean-weight 2 | the clean weight must be in (0, 1), got 2.0",
      })
  void whatContradictsItselfIsSaid(String options, String message) {
    Program program = train((Object[]) options.split(" "));

    assertThat(program.exitCode()).isEqualTo(1);
    assertThat(program.err()).contains("fare train: ").contains(message);
    assertThat(folder.resolve("out")).doesNotExist();
  }
}
