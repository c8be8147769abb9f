package dev.fare.evaluation.vlm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fare.ThreatModel;
import dev.fare.evaluation.Picture;
import dev.fare.evaluation.vlm.VlmTask.Sample;
import dev.fare.examples.llava.EmbeddedLlava;
import dev.fare.examples.llava.EmojiTalk;
import dev.fare.vlm.llava.LlavaModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The ladder of attacks on the embedded LLaVA, with scores that are made up. */
class UntargetedEnsembleTest {

  private static final ThreatModel THREAT = ThreatModel.linf(4 / 255.0);
  private static final List<String> FIVE = Collections.nCopies(5, "a flat drawing of a cat.");

  @TempDir private Path folder;
  private LlavaModel llava;

  @BeforeEach
  void load() throws Exception {
    llava = EmbeddedLlava.load(EmbeddedLlava.copyTo(folder));
  }

  @AfterEach
  void close() {
    llava.close();
  }

  @Test
  void aPictureLeavesAsSoonAsItsScoreIsLowAndEachAttackIsTriedUntilThen() {
    List<String> judged = new ArrayList<>();
    AnswerScore score =
        (id, answer) -> {
          judged.add(id);
          long times = judged.stream().filter(id::equals).count();
          // "soon" is done with after the clean answer, "late" after the third attack
          return id.equals("soon") ? 0 : times < 4 ? 1 : 0.05;
        };

    UntargetedReport report = run(2, task(score, "soon", "late"));

    assertThat(report.outcomes())
        .extracting(UntargetedReport.Outcome::id)
        .containsExactly("soon", "late");
    assertThat(report.outcomes().get(0).stage()).isZero();
    assertThat(report.outcomes().get(1).stage()).isEqualTo(3);
    assertThat(report.outcomes().get(1).clean()).isEqualTo(1);
    assertThat(report.cleanScore()).isCloseTo(0.5, within(1e-12));
    assertThat(report.robustScore()).isCloseTo(0.025, within(1e-12));
    assertThat(judged).containsOnlyOnce("soon").hasSize(5);
  }

  @Test
  void aPictureThatResistsGoesThroughAllOfThem() {
    List<String> judged = new ArrayList<>();

    run(
        1,
        task(
            (id, answer) -> {
              judged.add(answer);
              return 1;
            },
            "1"));

    // the clean answer, five references, again from the worst, two targets
    assertThat(judged).hasSize(9);
  }

  @Test
  void thereIsAPictureForEachSample() {
    VlmTask task = task((id, answer) -> 1, "1");
    UntargetedEnsemble ensemble = UntargetedEnsemble.builder(llava, THREAT).build();

    assertThatThrownBy(() -> ensemble.run(task, List.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("each sample needs a picture, got 1 and 0");
  }

  private VlmTask task(AnswerScore score, String... ids) {
    String prompt = llava.template().withImage(EmojiTalk.CAPTION);
    List<Sample> samples = Arrays.stream(ids).map(id -> new Sample(id, prompt, FIVE)).toList();
    return new VlmTask(samples, score, 0.1, List.of("maybe", "Word"));
  }

  private UntargetedReport run(int steps, VlmTask task) {
    float[] grey = new float[3 * 48 * 48];
    Arrays.fill(grey, 0.5f);
    List<Picture> pictures = Collections.nCopies(task.samples().size(), Picture.of(48, 48, grey));
    return UntargetedEnsemble.builder(llava, THREAT).steps(steps).build().run(task, pictures);
  }
}
