package dev.fare.evaluation;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dev.fare.ThreatModel;
import dev.fare.attacks.AutoAttack;
import dev.fare.attacks.TinyMlp;
import dev.fare.data.InMemoryImages;
import dev.fare.evaluation.autoattack.AutoAttackEvaluation;
import dev.fare.evaluation.autoattack.AutoAttackReport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** State on disk of which a byte was changed is refused, never believed. */
class DamagedStateTest {

  private static final InMemoryImages IMAGES =
      Toys.greys(0.9f, 0.62f, 0.58f, 0.1f, 0.38f, 0.44f, 0.53f, 0.505f);

  @TempDir private Path folder;

  private EvaluationReport evaluate() {
    return RobustnessEvaluation.builder(1)
        .model("half", Toys.threshold(0.5))
        .attack(Toys.shift("full", 1))
        .linf(0.05, 0.1)
        .batchSize(3)
        .journal(folder.resolve("journal"))
        .build()
        .evaluate("greys", IMAGES);
  }

  private static void refused(ThrowingCallable resume) {
    assertThatThrownBy(resume)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("delete the");
  }

  @Test
  void aJournalWithOneChangedDigitIsRefused() throws IOException {
    evaluate();
    Path journal = folder.resolve("journal");
    String whole = Files.readString(journal);
    int tried = 0;
    for (int i = whole.indexOf('\n'); i < whole.length(); i++) {
      if (Character.isDigit(whole.charAt(i))) {
        char other = whole.charAt(i) == '1' ? '2' : '1';
        Files.writeString(journal, whole.substring(0, i) + other + whole.substring(i + 1));
        refused(this::evaluate);
        tried++;
      }
    }
    assertThat(tried).isGreaterThan(200);
  }

  @Test
  void aJournalWithoutOneOfItsLinesIsRefused() throws IOException {
    evaluate();
    Path journal = folder.resolve("journal");
    List<String> lines = Files.readAllLines(journal);
    lines.remove(2);
    Files.write(journal, lines);

    refused(this::evaluate);
  }

  /** Journals of earlier versions have no digests. */
  private void writeEarlier(String lastLine) throws IOException {
    evaluate();
    Path journal = folder.resolve("journal");
    String all = Files.readString(journal).replaceAll(",\"check\":\"[0-9a-f]{16}\"", "");
    Files.writeString(journal, all.substring(0, all.lastIndexOf("{\"data\"")) + lastLine + "\n");
  }

  private String entry(String rest) throws IOException {
    evaluate();
    String first = Files.readAllLines(folder.resolve("journal")).get(1);
    return first.substring(0, first.indexOf("\"phase\"")) + rest;
  }

  private static final String COST =
      ",\"cost\":{\"forwards\":9,\"backwards\":6,\"nonFiniteGradients\":0,"
          + "\"zeroStartGradients\":0},\"seconds\":1}";

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          "phase":"clean","images":[0],"predictions":[1000000000]
          "phase":"clean","images":[0],"predictions":[null]
          "phase":"clean","images":[0],"predictions":[-2]
          "phase":"clean","images":[0,1],"predictions":[0]
          "phase":"clean","images":[8],"predictions":[0]
          "phase":"clean","images":[0]
          "phase":null,"images":[0],"predictions":[0]
          """)
  void anEarlierJournalThatCannotBeTrueIsRefused(String fields) throws IOException {
    String damaged = entry(fields + COST);
    writeEarlier(damaged);

    refused(this::evaluate);
  }

  @Test
  void anEarlierJournalIsGoneOnWith() throws IOException {
    EvaluationReport whole = evaluate();
    String good = entry("\"phase\":\"clean\",\"images\":[0],\"predictions\":[0]" + COST);
    writeEarlier(good);

    assertThat(evaluate().models().get(0).threats())
        .extracting(ThreatResult::robust)
        .isEqualTo(whole.models().get(0).threats().stream().map(ThreatResult::robust).toList());
  }

  private AutoAttackReport attack() {
    try (TinyMlp model = TinyMlp.seeded(1)) {
      Shape shape = new Shape(6, 3, TinyMlp.SIDE, TinyMlp.SIDE);
      NDArray pixels = model.manager().create(TinyMlp.pixels(6, 6), shape);
      NDArray labels = model.embed(pixels).argMax(1);
      AutoAttack attack =
          AutoAttack.builder(ThreatModel.linf(0.05)).steps(5).queries(20).seed(2).build();
      return AutoAttackEvaluation.builder(attack)
          .stateDirectory(folder)
          .build()
          .evaluate(model::embed, pixels, labels);
    }
  }

  private Path firstFound() throws IOException {
    try (var files = Files.list(folder)) {
      return files.filter(file -> file.toString().endsWith(".f32")).sorted().findFirst().get();
    }
  }

  @ParameterizedTest
  @ValueSource(floats = {Float.NaN, 7, 0.5f})
  void anAdversarialImageThatWasChangedIsRefused(float value) throws IOException {
    assertThat(attack().robustAccuracy()).isLessThan(1);
    Path image = firstFound();
    byte[] bytes = Files.readAllBytes(image);
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putFloat(0, value);
    Files.write(image, bytes);

    refused(this::attack);
  }

  /** The state as earlier versions wrote it, with what this one has found. */
  private void writeEarlierState(String isCorrect, String attacksDone, String fooledBy)
      throws IOException {
    Path journal = folder.resolve("journal.jsonl");
    attack();
    String header = Files.readAllLines(journal).get(0);
    String fingerprint = header.replaceAll(".*\"evaluation\":\"([0-9a-f]{64})\".*", "$1");
    Files.delete(journal);
    String json =
        "{\"fingerprint\":\"%s\",\"isCorrect\":%s,\"attacksDone\":%s,\"fooledBy\":%s}"
            .formatted(fingerprint, isCorrect, attacksDone, fooledBy);
    Files.write(folder.resolve("state.json"), json.getBytes(UTF_8));
  }

  private static final String RIGHT = "[true,true,true,true,true,true]";

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          [true,true,true,true,true] | [4,4,4,4,4,4] | [-1,-1,-1,-1,-1,-1]
          [true,true,true,true,true,true] | [4,4,4,4,4,7] | [-1,-1,-1,-1,-1,-1]
          [true,true,true,true,true,true] | [4,4,4,4,4,1] | [-1,-1,-1,-1,-1,2]
          [true,true,true,true,true,true] | [4,4,4,4,4,9] | [-1,-1,-1,-1,-1,8]
          [true,tr;;ue,true,true,true,true] | [4,4,4,4,4,4] | [-1,-1,-1,-1,-1,-1]
          [true,true,true,true,true,true] | null | [-1,-1,-1,-1,-1,-1]
          """)
  void anEarlierStateThatCannotBeTrueIsRefused(
      String isCorrect, String attacksDone, String fooledBy) throws IOException {
    writeEarlierState(isCorrect, attacksDone, fooledBy);

    refused(this::attack);
  }

  @Test
  void anEarlierStatesImageThatIsNoneOfTheBallIsRefused() throws IOException {
    attack();
    Path image = firstFound();
    int row = Integer.parseInt(image.getFileName().toString().replaceAll("\\D+(\\d+)\\.f32", "$1"));
    int[] fooledBy = {-1, -1, -1, -1, -1, -1};
    int[] done = {0, 0, 0, 0, 0, 0};
    fooledBy[row] = 0;
    done[row] = 1;
    writeEarlierState(RIGHT, Arrays.toString(done), Arrays.toString(fooledBy));
    byte[] bytes = Files.readAllBytes(image);
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putFloat(0, 7);
    Files.write(image, bytes);

    refused(this::attack);
  }
}
