package dev.fare.examples.search;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fare.ThreatModel;
import dev.fare.examples.emoji.EmojiData;
import dev.fare.examples.emoji.EmojiDataset;
import dev.fare.examples.quickstart.EmbeddedClip;
import dev.fare.models.RobustClipEncoder;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NearDuplicatesTest {

  @TempDir private Path folder;

  @Test
  void anEncoderThatIsNotRobustKnowsNoisyCopiesAndLosesAttackedOnes() throws Exception {
    EmojiDataset pictures = EmojiDataset.testSetA(EmojiData.load(), 8);
    try (RobustClipEncoder encoder = RobustClipEncoder.load(EmbeddedClip.copyTo(folder))) {
      NearDuplicates.Recognised found =
          NearDuplicates.recognise(encoder, pictures, ThreatModel.linf(8 / 255.0));

      assertThat(found.threshold()).isBetween(-1.0, 0.9);
      assertThat(found.noisy()).isEqualTo(8);
      assertThat(found.attacked()).isLessThan(4);
    }
  }
}
