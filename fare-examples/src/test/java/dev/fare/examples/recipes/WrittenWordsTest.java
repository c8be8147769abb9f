package dev.fare.examples.recipes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.examples.llava.EmbeddedLlava;
import dev.fare.models.llava.LlavaModel;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WrittenWordsTest {

  private static final String SENTENCE = "Please open your letter.";

  @TempDir private Path folder;

  @Test
  void eachWordIsAddedToOneTokenAtTheStrengthOfThePicture() throws Exception {
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
        LlavaModel llava = EmbeddedLlava.load(EmbeddedLlava.copyTo(folder))) {
      long[] words = llava.tokenizer().encodeFurther(SENTENCE);
      int places = llava.tokensPerImage();
      NDArray seen = manager.ones(new Shape(2, places, llava.languageModel().config().width()));

      NDArray written =
          new WrittenWords(llava)
              .writeOn(
                  seen,
                  List.of(
                      Optional.empty(),
                      Optional.of(new WrittenWords.Writing(SENTENCE, 0.999, 0.5))));

      assertThat(written.get("0").toFloatArray()).isEqualTo(seen.get("0").toFloatArray());
      NDArray added = written.get("1").sub(seen.get("1")); // [T, W]
      float[] lengths = added.square().sum(new int[] {1}).sqrt().toFloatArray();
      double picture = Math.sqrt(llava.languageModel().config().width());
      for (int place = 0; place < places; place++) {
        boolean isWritten = place >= places - words.length; // the last place that leaves room
        assertThat(lengths[place])
            .isCloseTo((float) (isWritten ? 0.5 * picture : 0), within(1e-4f));
      }
      NDArray word = llava.languageModel().embed(manager.create(words, new Shape(1, words.length)));
      NDArray expected = word.get("0, 0").div(word.get("0, 0").norm()).mul(0.5 * picture);
      assertThat(added.get(places - words.length).toFloatArray())
          .containsExactly(expected.toFloatArray(), within(1e-4f));
    }
  }
}
