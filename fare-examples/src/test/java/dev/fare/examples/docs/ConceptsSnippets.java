package dev.fare.examples.docs;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.ThreatModel;
import dev.fare.models.RobustClipEncoder;
import dev.fare.torch.TensorScope;
import java.io.IOException;
import java.nio.file.Path;

/** docs/concepts.md's Java; {@link DocsTest} compares and runs it. */
final class ConceptsSnippets {

  private ConceptsSnippets() {}

  static void threatModels() {
    ThreatModel invisible = ThreatModel.linf(4 / 255.0); // no value moves by more than 4 of 255
    ThreatModel total = ThreatModel.l2(0.5); // the Euclidean length of the whole change
    ThreatModel sparse = ThreatModel.l1(12); // the sum of all changes: few values, strongly
    System.out.println(invisible + ", " + total + ", " + sparse);
  }

  static void ownership() throws IOException {
    try (RobustClipEncoder encoder = RobustClipEncoder.load(Path.of("fare-quickstart/robust"));
        NDManager manager = NDManager.newBaseManager()) {
      NDArray pixels = manager.zeros(new Shape(2, 3, encoder.imageSize(), encoder.imageSize()));
      NDArray embeddings = encoder.embed(pixels); // belongs to manager, as the pixels do
      try (TensorScope scope = TensorScope.of(embeddings)) {
        NDArray lengths = embeddings.norm(new int[] {1}); // freed with the scope
        System.out.println(lengths.getFloat(0));
      }
    }
  }
}
