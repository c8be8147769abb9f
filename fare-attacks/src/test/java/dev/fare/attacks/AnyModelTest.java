package dev.fare.attacks;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.LambdaBlock;
import dev.fare.AdaptedModel;
import dev.fare.AttackResult;
import dev.fare.Classifier;
import dev.fare.Objective;
import dev.fare.ThreatModel;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * One classifier in every form that a model can have: its logits are the means of the channels, so
 * the worst image of an l∞ ball is known.
 */
class AnyModelTest {

  private static final ThreatModel LINF = ThreatModel.linf(0.05);

  private final NDManager manager = NDManager.newBaseManager("PyTorch");

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void attacksALambda() {
    assertFooled(AnyModelTest::means);
  }

  @Test
  void attacksADjlBlock() throws Exception {
    try (AdaptedModel model = AdaptedModel.builder(means()).imageSize(2).build()) {
      assertFooled(model);
    }
  }

  @Test
  void attacksADjlModel() throws Exception {
    try (Model djl = Model.newInstance("means", "PyTorch")) {
      djl.setBlock(means());
      try (AdaptedModel model = AdaptedModel.builder(djl).imageSize(2).build()) {
        assertFooled(model);
      }
    }
  }

  private static NDArray means(NDArray pixels) {
    return pixels.mean(new int[] {3}).mean(new int[] {2}); // [N,3,H,W] -> [N,3]
  }

  private static Block means() {
    return new LambdaBlock(list -> new NDList(means(list.singletonOrThrow())));
  }

  @Test
  void attacksATorchScriptFile(@TempDir Path directory) throws Exception {
    Path file = directory.resolve("means.pt");
    writeTorchScript(file);
    try (AdaptedModel model = AdaptedModel.builder(file).imageSize(2).build()) {
      assertFooled(model);
    }
  }

  /** The smallest archive that libtorch loads: code, no constants, no weights. */
  private static void writeTorchScript(Path file) throws IOException {
    String code =
        """
        class Means(Module):
          __parameters__ = []
          __buffers__ = []
          training : bool
          def forward(self: __torch__.Means, x: Tensor) -> Tensor:
            return torch.mean(x, [2, 3])
        """;
    String data = "\u0080\2c__torch__\nMeans\n)\u0081}X\b\0\0\0training\u0089sb.";
    try (OutputStream out = Files.newOutputStream(file);
        ZipOutputStream zip = new ZipOutputStream(out)) {
      store(zip, "k/version", "3\n");
      store(zip, "k/constants.pkl", "\u0080\2).");
      store(zip, "k/code/__torch__.py", code);
      store(zip, "k/data.pkl", data);
    }
  }

  private static void store(ZipOutputStream zip, String name, String content) throws IOException {
    byte[] bytes = content.getBytes(ISO_8859_1);
    CRC32 sum = new CRC32();
    sum.update(bytes);
    ZipEntry entry = new ZipEntry(name);
    entry.setMethod(ZipEntry.STORED);
    entry.setSize(bytes.length);
    entry.setCrc(sum.getValue());
    zip.putNextEntry(entry);
    zip.write(bytes);
    zip.closeEntry();
  }

  /** The first channel falls and the others rise by epsilon, and then the second is the highest. */
  private void assertFooled(Classifier classifier) {
    float[] channels = {0.5f, 0.45f, 0.4f};
    NDArray levels = manager.create(channels, new Shape(1, 3, 1, 1));
    NDArray x = manager.zeros(new Shape(1, 3, 2, 2)).add(levels);
    Objective objective = Objectives.crossEntropy(classifier, manager.create(new long[] {0}));
    for (ImageAttack attack :
        List.of(
            PgdAttack.builder(LINF).randomStart(false).build(),
            ApgdAttack.builder(LINF).steps(10).build())) {

      AttackResult result = attack.perturb(objective, x);

      assertThat(means(result.highestLossImages()).toFloatArray())
          .containsExactly(new float[] {0.45f, 0.5f, 0.45f}, within(1e-6f));
      assertThat(result.succeeded().toBooleanArray()).containsExactly(true);
    }
  }

  /** Concatenating is a copy where there is one array, and DJL's copies leave the graph. */
  @Test
  void saysWhereTheGradientOfAModelThatJoinsItsPartsIsLost() {
    Classifier parts = pixels -> NDArrays.concat(new NDList(means(pixels)));
    Objective objective = Objectives.crossEntropy(parts, manager.create(new long[] {0}));
    NDArray x = manager.zeros(new Shape(1, 3, 2, 2));

    assertThatThrownBy(() -> PgdAttack.fgsm(LINF).perturb(objective, x))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("NDArrays.concat of a list with a single array");
  }

  @Test
  void saysThatOneClassIsNotEnough() {
    Classifier one = pixels -> means(pixels).get(":,:1");
    NDArray x = manager.zeros(new Shape(1, 3, 2, 2));
    Objective objective = Objectives.crossEntropy(one, manager.create(new long[] {0}));

    assertThatThrownBy(() -> AutoAttack.builder(LINF).build().perturb(objective, x))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("number of classes (at least 2), got label 0 with 1 classes");
  }
}
