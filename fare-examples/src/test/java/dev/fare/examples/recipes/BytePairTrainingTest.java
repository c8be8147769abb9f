package dev.fare.examples.recipes;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.Gson;
import dev.fare.evaluation.vlm.StealthTarget;
import dev.fare.vlm.language.LanguageTokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is learnt is read by Hugging Face's tokenizers. */
class BytePairTrainingTest {

  @TempDir private Path folder;

  @Test
  void frequentPairsBecomeTokensAndEveryTextComesBack() throws Exception {
    List<String> texts = Collections.nCopies(3, " low lower lowest");
    BytePairTraining pieces = new BytePairTraining(texts, 200);
    Path file = folder.resolve("tokenizer.json");
    Files.writeString(file, new Gson().toJson(pieces.toTokenizerJson()));
    try (LanguageTokenizer tokenizer = LanguageTokenizer.load(file)) {
      // " low", " lower" and " lowest" have merged into one token each
      assertThat(tokenizer.encodeFurther("low lower lowest")).hasSize(3);
      assertThat(tokenizer.encode("low")).startsWith(1).hasSize(2);
      assertThat(tokenizer.isToken("<image>", 4)).isTrue();
      for (StealthTarget target : StealthTarget.PAPER_KINDS) {
        long[] ids = tokenizer.encodeFurther(target.sentence());
        assertThat(tokenizer.decode(ids)).isEqualTo(target.sentence());
      }
      assertThat(tokenizer.decode(tokenizer.encode("USER: What? ASSISTANT:")))
          .isEqualTo("USER: What? ASSISTANT:");
    }
  }
}
