package dev.fare.attacks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import com.google.gson.Gson;
import dev.fare.AttackOptions;
import dev.fare.AttackResult;
import dev.fare.SeededAttack;
import dev.fare.ThreatModel;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What attacks find in so few steps that their random draws show; {@code earlier/draws.json} has
 * the images as an earlier version found them.
 */
class RecordedDrawsTest {

  /** Another processor rounds otherwise; another draw moves a pixel by 1e-2 or so. */
  private static final float ROUNDING = 1e-5f;

  private static final long[] IDS = {3, 11};

  /** An attack with a name. */
  private record Case(String name, SeededAttack attack) {
    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Case> cases() {
    return Stream.of(ThreatModel.linf(0.1), ThreatModel.l2(0.5), ThreatModel.l1(2))
        .flatMap(RecordedDrawsTest::cases);
  }

  private static Stream<Case> cases(ThreatModel threat) {
    double step = threat.epsilon() / 10;
    ThreatModel wide = new ThreatModel(threat.norm(), 4 * threat.epsilon());
    PgdAttack.Builder pgd = PgdAttack.builder(threat).steps(1).stepSize(step).seed(7);
    ApgdAttack.Builder apgd = ApgdAttack.builder(threat).steps(1).initialStepSize(step).seed(7);
    Map<String, SeededAttack> attacks = new LinkedHashMap<>();
    attacks.put("PGD", pgd.build());
    attacks.put("PGD, 3 restarts", pgd.restarts(3).build());
    attacks.put("APGD", apgd.build());
    attacks.put("APGD, 3 restarts", apgd.restarts(3).bestLoss(true).build());
    attacks.put("APGD-T", TargetedApgdAttack.builder(threat).steps(3).targets(3).seed(7).build());
    attacks.put("Square", SquareAttack.builder(threat).queries(12).seed(7).build());
    attacks.put(
        "Square, 2 restarts", SquareAttack.builder(threat).queries(3).restarts(2).seed(7).build());
    attacks.put("FAB", FabAttack.builder(wide).steps(1).restarts(4).seed(7).build());
    attacks.put("FAB-T", FabAttack.builder(wide).steps(1).targets(2).restarts(4).seed(7).build());
    return attacks.entrySet().stream()
        .map(attack -> new Case(threat.norm() + " " + attack.getKey(), attack.getValue()));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void drawsAsBefore(Case recorded) throws IOException {
    float[] expected = Objects.requireNonNull(recorded().get(recorded.name()));

    assertThat(images(recorded.attack(), ids(IDS))).containsExactly(expected, within(ROUNDING));
  }

  /** Else the recorded images would say nothing of the draws. */
  @ParameterizedTest
  @MethodSource("cases")
  void theDrawsShow(Case recorded) {
    SeededAttack attack = recorded.attack();
    float[] images = images(attack, ids(IDS));

    assertThat(distance(images(attack, AttackOptions.none().withSeed(8).withImageIds(IDS)), images))
        .isGreaterThan(100 * ROUNDING);
    assertThat(distance(images(attack, ids(4, 12)), images)).isGreaterThan(100 * ROUNDING);
  }

  private static double distance(float[] one, float[] other) {
    double largest = 0;
    for (int i = 0; i < one.length; i++) {
      largest = Math.max(largest, Math.abs(one[i] - other[i]));
    }
    return largest;
  }

  private static AttackOptions ids(long... ids) {
    return AttackOptions.none().withImageIds(ids);
  }

  /** The perturbed images, one after the other. */
  private static float[] images(SeededAttack attack, AttackOptions options) {
    try (TinyMlp model = TinyMlp.seeded(1)) {
      NDArray pixels =
          model
              .manager()
              .create(TinyMlp.pixels(IDS.length, 5), new Shape(IDS.length, 3, TinyMlp.SIDE, 4))
              .mul(0.5)
              .add(0.25);
      NDArray labels = model.embed(pixels).argMax(1);
      try (AttackResult result =
          attack.perturb(Objectives.crossEntropy(model::embed, labels), pixels, options)) {
        return result.highestLossImages().toFloatArray();
      }
    }
  }

  private static Map<String, float[]> recorded() throws IOException {
    record Draws(Map<String, float[]> images) {}
    try (InputStream in =
            Objects.requireNonNull(
                RecordedDrawsTest.class.getResourceAsStream("/earlier/draws.json"));
        InputStreamReader text = new InputStreamReader(in, StandardCharsets.UTF_8)) {
      return new Gson().fromJson(text, Draws.class).images();
    }
  }

  /** Writes what the attacks find now. */
  public static void main(String[] arguments) throws IOException {
    Map<String, float[]> images = new LinkedHashMap<>();
    cases().forEach(each -> images.put(each.name(), images(each.attack(), ids(IDS))));
    Files.writeString(Path.of(arguments[0]), new Gson().toJson(Map.of("images", images)) + "\n");
  }
}
