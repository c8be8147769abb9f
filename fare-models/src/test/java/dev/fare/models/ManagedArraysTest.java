package dev.fare.models;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.training.loss.TokenEncoder;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;

/** A caller whose manager lives long keeps the results, and nothing else. */
class ManagedArraysTest {

  @Test
  void aCallLeavesItsResultAlone() throws Exception {
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        ClipModel clip =
            ClipModel.load(RobustClipEncoder.builder(RecordedTensors.path("hf_clip_quick_gelu")))) {
      RobustClipEncoder encoder = clip.imageEncoder();
      NDArray pixels = manager.zeros(new Shape(2, 3, encoder.imageSize(), encoder.imageSize()));
      NDArray rows = manager.ones(new Shape(3, encoder.embeddingSize()));
      NDArray ids = manager.create(new long[][] {{0, 3, 2}, {0, 4, 2}});
      try (ZeroShotClassifier classifier =
          new ZeroShotClassifier(encoder, List.of("a", "b", "c"), rows, 100)) {
        Map<String, Callable<Integer>> calls =
            Map.of(
                "embed", () -> new NDList(encoder.embed(pixels)).size(),
                "both", () -> tensors(encoder.embedWithTokens(pixels)).size(),
                "llava", () -> new NDList(encoder.tokens(pixels, TokenLayer.LLAVA)).size(),
                "norm", () -> new NDList(encoder.tokens(pixels, TokenLayer.LAST_POST_NORM)).size(),
                "logits", () -> new NDList(classifier.logits(pixels)).size(),
                "texts", () -> new NDList(clip.embedTokens(ids)).size(),
                "cosines", () -> new NDList(clip.logits(rows, rows)).size());
        for (Map.Entry<String, Callable<Integer>> call : calls.entrySet()) {
          int before = manager.getManagedArrays().size();

          int results = call.getValue().call();

          assertThat(manager.getManagedArrays()).as(call.getKey()).hasSize(before + results);
        }
      }
    }
  }

  private static NDList tensors(TokenEncoder.EmbeddedTokens both) {
    return new NDList(both.embedding(), both.tokens());
  }
}
