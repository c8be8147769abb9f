package dev.fare.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fare.AttackCost;
import dev.fare.AttackResult;
import dev.fare.data.ImageDataset;
import dev.fare.data.InMemoryImages;
import dev.fare.evaluation.journal.EvaluationJournal;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EvaluationJournalTest {

  private static final InMemoryImages IMAGES =
      Toys.greys(0.9f, 0.62f, 0.58f, 0.1f, 0.38f, 0.44f, 0.53f, 0.505f);

  @TempDir Path folder;

  /** Stops like a crash after so many attacked images. */
  private static final class Fuse {
    private int left;
    private final List<Long> attacked = new ArrayList<>();

    Fuse(int left) {
      this.left = left;
    }

    EvaluationAttack wrap(EvaluationAttack attack) {
      return new EvaluationAttack(
          attack.name(),
          attack.settings(),
          (threatModel, classifier, batch) -> {
            AttackResult result = attack.strategy().attack(threatModel, classifier, batch);
            for (long id : batch.imageIds()) {
              if (left-- == 0) {
                throw new IllegalStateException("stopped");
              }
              attacked.add(id);
            }
            return result;
          });
    }
  }

  private RobustnessEvaluation.Builder builder(Fuse fuse) {
    return RobustnessEvaluation.builder(1)
        .model("half", Toys.threshold(0.5))
        .model("high", Toys.threshold(0.55))
        .attack(fuse.wrap(Toys.shift("weak", 0.5)))
        .attack(fuse.wrap(Toys.shift("full", 1)))
        .linf(0.05, 0.1)
        .batchSize(3);
  }

  private static List<Object> essence(EvaluationReport report) {
    List<Object> essence = new ArrayList<>();
    for (ModelResult model : report.models()) {
      essence.add(model.cleanPredictions());
      for (ThreatResult threat : model.threats()) {
        essence.add(threat.robust());
        threat.attacks().forEach(a -> essence.add(List.of(a.attacked(), a.predictions())));
      }
    }
    return essence;
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 4, 11, 23, 40})
  void anEvaluationThatWasStoppedEndsLikeOneThatWasNot(int images) {
    EvaluationReport whole = builder(new Fuse(1000)).build().evaluate("greys", IMAGES);
    Path journal = folder.resolve("new/journal.jsonl");
    RobustnessEvaluation stopped = builder(new Fuse(images)).journal(journal).build();
    assertThatThrownBy(() -> stopped.evaluate("greys", IMAGES)).hasMessage("stopped");

    Fuse second = new Fuse(1000);
    EvaluationReport resumed =
        builder(second).batchSize(5).journal(journal).build().evaluate("greys", IMAGES);

    assertThat(essence(resumed)).isEqualTo(essence(whole));
    Fuse all = new Fuse(1000);
    builder(all).build().evaluate("greys", IMAGES);
    // at most the images of the interrupted batch were attacked for nothing
    assertThat(second.attacked.size())
        .isBetween(all.attacked.size() - images, all.attacked.size() - images + 2);
  }

  @Test
  void aFinishedEvaluationIsReadFromTheJournal() {
    Path journal = folder.resolve("journal.jsonl");
    EvaluationReport first = builder(new Fuse(1000)).journal(journal).build().evaluate("g", IMAGES);

    EvaluationReport again = builder(new Fuse(0)).journal(journal).build().evaluate("g", IMAGES);

    assertThat(again).isEqualTo(first);
  }

  @Test
  void dropsALineThatACrashCutShort() throws IOException {
    Path journal = folder.resolve("journal.jsonl");
    EvaluationReport first = builder(new Fuse(1000)).journal(journal).build().evaluate("g", IMAGES);
    String text = Files.readString(journal);
    Files.writeString(journal, text.substring(0, text.length() - 25));

    EvaluationReport again = builder(new Fuse(1000)).journal(journal).build().evaluate("g", IMAGES);

    assertThat(essence(again)).isEqualTo(essence(first));
    assertThat(Files.readAllLines(journal)).hasSameSizeAs(text.lines().toList());
  }

  @Test
  void saysWhichLineIsDamaged() throws IOException {
    Path journal = folder.resolve("journal.jsonl");
    builder(new Fuse(1000)).journal(journal).build().evaluate("g", IMAGES);
    List<String> lines = new ArrayList<>(Files.readAllLines(journal));
    lines.set(2, "{\"data\": oops");
    Files.write(journal, lines);
    RobustnessEvaluation resumed = builder(new Fuse(1000)).journal(journal).build();

    assertThatThrownBy(() -> resumed.evaluate("g", IMAGES))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("line 3 of the journal");
  }

  @Test
  void refusesAJournalOfOtherSettings() {
    Path journal = folder.resolve("journal.jsonl");
    builder(new Fuse(1000)).journal(journal).build().evaluate("g", IMAGES);
    RobustnessEvaluation other = builder(new Fuse(1000)).cascade(true).journal(journal).build();

    assertThatThrownBy(() -> other.evaluate("g", IMAGES))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("belongs to another evaluation");
  }

  @Test
  void doesNotMixUpDataSets() {
    Path journal = folder.resolve("journal.jsonl");
    builder(new Fuse(1000)).journal(journal).build().evaluate("g", IMAGES);
    InMemoryImages others = Toys.greys(.7f, .2f);

    EvaluationReport report =
        builder(new Fuse(1000)).journal(journal).build().evaluate("g", others);

    assertThat(report.models().get(0).cleanPredictions()).containsExactly(0, 1);
  }

  @Test
  void goesOnWithTheSameDataInAnotherPlace() {
    Path journal = folder.resolve("journal.jsonl");
    EvaluationReport first =
        builder(new Fuse(1000)).journal(journal).build().evaluate("g", new Moved("/scratch/17"));

    EvaluationReport again =
        builder(new Fuse(0)).journal(journal).build().evaluate("g", new Moved("/scratch/18"));

    assertThat(essence(again)).isEqualTo(essence(first));
    assertThat(again.data()).isEqualTo("images in /scratch/18");
  }

  /** Images that lie somewhere. */
  private record Moved(String folder) implements ImageDataset {

    @Override
    public int size() {
      return IMAGES.size();
    }

    @Override
    public void read(int index, int imageSize, FloatBuffer target) {
      IMAGES.read(index, imageSize, target);
    }

    @Override
    public OptionalInt label(int index) {
      return IMAGES.label(index);
    }

    @Override
    public List<String> classNames() {
      return IMAGES.classNames();
    }

    @Override
    public String description() {
      return "images in " + folder;
    }

    @Override
    public String identity() {
      return IMAGES.identity();
    }
  }

  @Test
  void doesNotShareAJournal() throws IOException {
    Path journal = folder.resolve("journal.jsonl");
    RobustnessEvaluation second = builder(new Fuse(1000)).journal(journal).build();

    try (EvaluationJournal first = EvaluationJournal.open(journal, "first")) {
      assertThatThrownBy(() -> second.evaluate("g", IMAGES))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("is in use by another evaluation");
    }
  }

  @Test
  void anInterruptedThreadGoesOnWriting() throws Exception {
    Path file = folder.resolve("interrupted.journal");
    EvaluationJournal.Entry entry =
        new EvaluationJournal.Entry(
            "d", "m", "clean", List.of(0), List.of(1), AttackCost.NONE, 1, null);
    Thread.currentThread().interrupt();
    try (EvaluationJournal journal = EvaluationJournal.open(file, "e")) {
      journal.add(entry);
    } finally {
      Thread.interrupted();
    }
    try (EvaluationJournal journal = EvaluationJournal.open(file, "e")) {
      assertThat(journal.known("d", "m", "clean")).containsExactly(entry);
    }
  }

  @Test
  void aNumberThatIsNoneIsDamage() throws Exception {
    Path file =
        Files.writeString(
            folder.resolve("number.journal"), "{\"evaluation\":\"e\"}\n{\"seconds\":\"0.4x\"}\n");

    assertThatThrownBy(() -> EvaluationJournal.open(file, "e"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("line 2 of the journal " + file + " can't be read");
  }
}
