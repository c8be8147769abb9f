package dev.fare.examples.llava;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.ThreatModel;
import dev.fare.vlm.llava.LlavaModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The ladder of attacks on the embedded LLaVA, with scores that are made up. */
class CaptionEnsembleTest {

  private static final ThreatModel THREAT = ThreatModel.linf(4 / 255.0);

  @TempDir private Path folder;
  private NDManager manager;
  private LlavaModel llava;

  @BeforeEach
  void load() throws Exception {
    manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
    llava = EmbeddedLlava.load(EmbeddedLlava.copyTo(folder));
  }

  @AfterEach
  void close() {
    llava.close();
    manager.close();
  }

  @Test
  void aPictureLeavesAsSoonAsItsScoreIsLowAndEachAttackIsTriedUntilThen() {
    List<String> judged = Collections.synchronizedList(new ArrayList<>());
    CaptionEnsemble ensemble =
        new CaptionEnsemble(
            llava,
            llava,
            THREAT,
            2,
            (id, answer) -> {
              judged.add(id);
              long times = judged.stream().filter(id::equals).count();
              // "soon" is done with after the clean answer, "late" after the third attack
              return id.equals("soon") ? 0 : times < 4 ? 1 : 0.05;
            },
            0.1,
            List.of("maybe", "Word"),
            StealthTrial.SHORT);
    String prompt = llava.template().withImage(EmojiTalk.CAPTION);
    List<String> five = Collections.nCopies(5, "a flat drawing of a cat.");

    List<CaptionEnsemble.Outcome> outcomes =
        ensemble.run(
            manager.ones(new Shape(2, 3, 48, 48)).mul(0.5),
            List.of(
                new CaptionEnsemble.Sample("soon", prompt, five),
                new CaptionEnsemble.Sample("late", prompt, five)));

    assertThat(outcomes.get(0).stage()).isZero();
    assertThat(outcomes.get(1).stage()).isEqualTo(3);
    assertThat(outcomes.get(1).clean()).isEqualTo(1);
    assertThat(outcomes.get(1).worst()).isCloseTo(0.05, within(1e-12));
    assertThat(judged).containsOnlyOnce("soon").hasSize(5);
  }

  @Test
  void aPictureThatResistsGoesThroughAllOfThem() {
    List<String> judged = new ArrayList<>();
    CaptionEnsemble ensemble =
        new CaptionEnsemble(
            llava,
            llava,
            THREAT,
            1,
            (id, answer) -> {
              judged.add(answer);
              return 1;
            },
            0.1,
            List.of("maybe", "Word"),
            StealthTrial.SHORT);
    String prompt = llava.template().withImage(EmojiTalk.CAPTION);
    NDArray grey = manager.ones(new Shape(1, 3, 48, 48)).mul(0.5);

    ensemble.run(
        grey, List.of(new CaptionEnsemble.Sample("1", prompt, Collections.nCopies(5, "a cat."))));

    // the clean answer, five references, again from the worst, two other words
    assertThat(judged).hasSize(9);
  }
}
