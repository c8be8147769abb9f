package dev.fare.attacks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.fare.AttackResult;
import dev.fare.Classifier;
import dev.fare.Norm;
import dev.fare.ThreatModel;
import dev.fare.attacks.square.SquareSchedule;
import dev.fare.attacks.square.SquareSource;
import dev.fare.attacks.square.SquareWindows;
import dev.fare.attacks.tensor.Rows;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SquareAttackTest {

  private static final JsonObject SQUARE = Vectors.read("f_square");
  private static final JsonObject MODELS = Vectors.read("a_apgd_runs");

  private final NDManager manager = NDManager.newBaseManager("PyTorch");
  private final Classifier model = TinyModels.of(manager, MODELS.getAsJsonObject("models"), "mlp");

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void replaysTheOriginalDrawByDraw() {
    JsonObject replay = SQUARE.getAsJsonObject("replay");
    NDArray x = Vectors.tensor(manager, MODELS.get("x"));
    NDArray labels = Vectors.labels(manager, MODELS.get("y"));
    SquareAttack attack =
        SquareAttack.builder(ThreatModel.linf(replay.get("eps").getAsDouble()))
            .queries(replay.get("n_queries").getAsInt())
            .source(new SharedDraws(replay.getAsJsonArray("rand_draws"), 8))
            .build();

    AttackResult result = attack.perturb(Objectives.margin(model, labels), x);

    // the last image is misclassified before the attack, which therefore leaves it alone
    boolean[] succeeded = result.succeeded().toBooleanArray();
    assertThat(succeeded).containsExactly(false, false, false, false, false, false, false, true);
    float[] expected = Vectors.floats(replay.get("x_adv"));
    float[] sevenExpected = Arrays.copyOf(expected, expected.length / 8 * 7);
    assertThat(result.images().get(":7").toFloatArray())
        .containsExactly(sevenExpected, within(1e-6f));
    assertThat(result.cost().forwards()).isEqualTo(8 + 7 * 41);
  }

  @ParameterizedTest
  @CsvSource({"L2, 0", "L2, 1", "L2, 2", "L1, 0", "L1, 1", "L1, 2"})
  void replaysTheOriginalsWindowsQueryByQuery(Norm norm, int index) {
    JsonObject recorded = Vectors.read("g_square_windows").getAsJsonObject(norm.name());
    JsonObject run = recorded.getAsJsonArray("runs").get(index).getAsJsonObject();
    JsonObject evaluations = Vectors.read("o_autoattack");
    JsonObject data = evaluations.getAsJsonObject("data").getAsJsonObject("conv");
    Classifier conv = TinyModels.of(manager, evaluations.getAsJsonObject("models"), "conv");
    NDArray row = manager.create(new long[] {run.get("image").getAsLong()});
    NDArray labels = Rows.take(Vectors.labels(manager, data.get("y")), row);
    Shape all = new Shape(24, 3, 8, 8);
    NDArray x =
        Rows.take(manager.create(Vectors.floats(data.get("x_times_255")), all), row).div(255);
    float[] draws = Vectors.floats(run.get("draws"));
    int[] drawn = new int[1];
    List<Float> margins = new ArrayList<>();
    SquareAttack attack =
        SquareAttack.builder(new ThreatModel(norm, recorded.get("eps").getAsDouble()))
            .queries(recorded.get("n_queries").getAsInt())
            .source((image, count) -> Arrays.copyOfRange(draws, drawn[0], drawn[0] += count))
            .listener(progress -> margins.add(-progress.meanLoss()))
            .build();

    AttackResult result = attack.perturb(Objectives.margin(conv, labels), x);

    assertThat(drawn[0]).isEqualTo(draws.length);
    float[] expected = Vectors.floats(run.get("margins")); // the first is the start's
    int agreeing = run.get("agreeing_margins").getAsInt();
    assertThat(margins).hasSize(expected.length - 1);
    for (int i = 0; i < agreeing - 1; i++) {
      assertThat(margins.get(i)).as("query " + i).isCloseTo(expected[i + 1], within(1e-4f));
    }
    if (agreeing == expected.length) {
      assertThat(result.highestLossImages().toFloatArray())
          .containsExactly(Vectors.floats(run.get("best")), within(1e-5f));
    }
  }

  /** Every image sees the same squares, in the order in which they were drawn. */
  private static final class SharedDraws implements SquareSource {
    private final JsonArray draws;
    private final int[] position;

    SharedDraws(JsonArray draws, int rows) {
      this.draws = draws;
      position = new int[rows];
    }

    @Override
    public float[] next(int row, int count) {
      JsonElement draw = draws.get(position[row]++);
      float[] numbers = Vectors.floats(draw);
      if (position[row] == 1) {
        return Arrays.copyOfRange(numbers, row * count, (row + 1) * count);
      }
      assertThat(numbers).hasSize(count);
      return numbers;
    }
  }

  /**
   * The original's first tiles are {@code height / 5} wide and begin at the margin that five tiles
   * leave, and yet it draws for {@code height / tile} rows of them.
   */
  @Test
  void coversTheImageWithTilesAsTheOriginal() {
    int[] calls = new int[1];
    SquareSource high =
        (row, count) -> {
          calls[0]++;
          float[] draws = new float[count];
          Arrays.fill(draws, 0.9f);
          return draws;
        };

    NDArray start =
        SquareWindows.start(
            high, new int[] {0}, Norm.L2, manager.zeros(new Shape(1, 3, 8, 8)), manager);

    assertThat(calls[0]).isEqualTo(2 * 8 * 8); // one for the turn, one for the colours of each tile
    float[] pixels = start.toFloatArray();
    for (int i = 0; i < pixels.length; i++) {
      int y = i / 8 % 8;
      int x = i % 8;
      // a tile of one pixel is the lower half of a pyramid: -1 at unit length
      assertThat(pixels[i]).isEqualTo(y >= 1 && x >= 1 ? -1f : 0f);
    }
  }

  @Test
  void shrinksItsSquaresAsTheOriginal() {
    JsonObject table = SQUARE.getAsJsonObject("p_selection");
    int queries = table.get("n_queries").getAsInt();
    double first = table.get("p_init").getAsDouble();
    float[] iterations = Vectors.floats(table.get("iterations"));
    float[] fixed = Vectors.floats(table.get("no_rescale"));
    float[] rescaled = Vectors.floats(table.get("rescale"));
    for (int i = 0; i < iterations.length; i++) {
      int query = (int) iterations[i];
      assertThat((float) new SquareSchedule(queries, first, false).share(query))
          .isEqualTo(fixed[i]);
      assertThat((float) new SquareSchedule(queries, first, true).share(query))
          .isEqualTo(rescaled[i]);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 4})
  void succeedsAsOftenAsTheOriginal(int index) {
    JsonObject json = SQUARE.getAsJsonArray("statistics").get(index).getAsJsonObject();
    Norm norm = Norm.valueOf(json.get("norm").getAsString().toUpperCase(Locale.ROOT));
    NDArray x =
        manager
            .create(Vectors.floats(SQUARE.get("x100_times_255")), new Shape(100, 3, 8, 8))
            .div(255);
    NDArray labels = Vectors.labels(manager, SQUARE.get("y100"));
    double won = 0;
    for (int seed = 0; seed < 5; seed++) {
      SquareAttack attack =
          SquareAttack.builder(new ThreatModel(norm, json.get("eps").getAsDouble()))
              .queries(json.get("n_queries").getAsInt())
              .seed(seed)
              .build();

      try (AttackResult result = attack.perturb(Objectives.margin(model, labels), x)) {
        for (boolean success : result.succeeded().toBooleanArray()) {
          won += success ? 1 / 500.0 : 0;
        }
        assertThat(attack.threatModel().around(x).contains(result.images()).all().getBoolean())
            .isTrue();
      }
    }

    assertThat(won).isCloseTo(json.get("mean").getAsDouble(), within(0.06));
  }
}
