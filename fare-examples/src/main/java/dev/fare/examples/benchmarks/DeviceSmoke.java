package dev.fare.examples.benchmarks;

import static java.util.Objects.requireNonNull;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.fare.Attack;
import dev.fare.AttackResult;
import dev.fare.ThreatModel;
import dev.fare.attacks.ApgdAttack;
import dev.fare.attacks.FabAttack;
import dev.fare.attacks.Objectives;
import dev.fare.attacks.PgdAttack;
import dev.fare.attacks.SquareAttack;
import dev.fare.data.ImageArrays;
import dev.fare.examples.emoji.EmojiData;
import dev.fare.examples.emoji.EmojiDataset;
import dev.fare.examples.quickstart.EmbeddedClip;
import dev.fare.models.ClipModel;
import dev.fare.models.RobustClipEncoder;
import dev.fare.models.ZeroShotClassifier;
import dev.fare.training.FareTrainer;
import dev.fare.training.StepResult;
import dev.fare.training.TrainingListener;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Whether a device computes what the CPU does: the embedded CLIP embedded, attacked, fine-tuned,
 * saved and loaded again. It returns how far the two are apart; what fails throws.
 *
 * @param device the one to be tried
 * @param images how many pictures
 */
record DeviceSmoke(Device device, int images) {

  private static final List<ThreatModel> THREATS =
      List.of(ThreatModel.linf(4 / 255.0), ThreatModel.l2(1), ThreatModel.l1(20));

  /** Embeddings and pixel gradients on the CPU and on the device. */
  Map<String, Object> agreement(Path clip) throws IOException {
    try (RobustClipEncoder here = RobustClipEncoder.load(clip, Device.cpu());
        RobustClipEncoder there = RobustClipEncoder.load(clip, device);
        NDManager cpu = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
      NDArray pixels = pixels(here.imageSize(), cpu);
      NDArray moved = pixels.toDevice(device, true);
      Map<String, Object> found = new LinkedHashMap<>();
      found.put("embedding, largest difference", apart(here.embed(pixels), there.embed(moved)));
      for (ThreatModel threat : THREATS) {
        Attack pgd = PgdAttack.builder(threat).steps(10).randomStart(false).build();
        NDArray target = here.embed(pixels).zerosLike();
        try (AttackResult cpuResult =
                pgd.perturb(Objectives.embeddingDistance(here, target), pixels);
            AttackResult deviceResult =
                pgd.perturb(
                    Objectives.embeddingDistance(there, target.toDevice(device, true)), moved)) {
          double mean = cpuResult.losses().mean().getFloat();
          double other = deviceResult.losses().mean().getFloat();
          found.put("PGD in " + threat.norm() + ", loss as a multiple of the CPU's", other / mean);
        }
      }
      return found;
    }
  }

  /** Each attack in each norm: the share that succeeds, and seconds. */
  Map<String, Object> attacks(Path clip) throws IOException {
    EmojiData data = EmojiData.load();
    Map<String, Object> found = new LinkedHashMap<>();
    try (ClipModel model = ClipModel.load(RobustClipEncoder.builder(clip).device(device));
        ZeroShotClassifier classifier =
            model.zeroShotClassifier(data.pack().names(), EmbeddedClip.TEMPLATES);
        NDManager manager = NDManager.newBaseManager(device, "PyTorch")) {
      EmojiDataset test = EmojiDataset.testSetA(data, images);
      NDArray pixels = ImageArrays.pixels(test, model.imageEncoder().imageSize(), manager);
      NDArray labels = ImageArrays.labels(test, manager);
      for (ThreatModel threat : THREATS) {
        for (Attack attack :
            new Attack[] {
              PgdAttack.builder(threat).steps(10).build(),
              ApgdAttack.builder(threat).steps(10).build(),
              FabAttack.builder(threat).steps(2).build(),
              SquareAttack.builder(threat).queries(50).build()
            }) {
          long start = System.nanoTime();
          // the result is checked to lie in the ball before it is handed out
          try (AttackResult result =
              attack.perturb(Objectives.crossEntropy(classifier, labels), pixels)) {
            boolean[] won = result.succeeded().toBooleanArray();
            int count = 0;
            for (boolean one : won) {
              count += one ? 1 : 0;
            }
            found.put(
                attack.getClass().getSimpleName() + " in " + threat.norm(),
                Map.of(
                    "succeeded",
                    (double) count / won.length,
                    "seconds",
                    (System.nanoTime() - start) / 1e9));
          }
        }
      }
    }
    return found;
  }

  /** Two updates and two more after a resume against four in one go; then saved and loaded. */
  Map<String, Object> training(Path clip, Path folder) throws IOException {
    Map<String, Object> found = new LinkedHashMap<>();
    Path whole = folder.resolve("whole");
    train(clip, folder.resolve("run-whole"), 4, whole);
    train(clip, folder.resolve("run-parts"), 2, folder.resolve("half"));
    Path parts = folder.resolve("parts");
    train(clip, folder.resolve("run-parts"), 4, parts);
    try (RobustClipEncoder one = RobustClipEncoder.load(whole, device);
        RobustClipEncoder two = RobustClipEncoder.load(parts, device);
        NDManager manager = NDManager.newBaseManager(device, "PyTorch")) {
      NDArray pixels = pixels(one.imageSize(), manager);
      found.put("resumed, largest difference", apart(one.embed(pixels), two.embed(pixels)));
    }
    return found;
  }

  private void train(Path clip, Path checkpoints, int updates, Path saved) throws IOException {
    AtomicReference<FareTrainer<?>> running = new AtomicReference<>();
    TrainingListener end =
        new TrainingListener() {
          @Override
          public void onStep(StepResult result) {
            if (result.step() == updates) {
              requireNonNull(running.get()).cancel();
            }
          }
        };
    try (RobustClipEncoder encoder = RobustClipEncoder.load(clip, device);
        FareTrainer<RobustClipEncoder> trainer =
            FareTrainer.builder(encoder)
                .attack(PgdAttack.builder(ThreatModel.linf(4 / 255.0)).steps(2).build())
                .learningRate(1e-5)
                .steps(4)
                .batchSize(images)
                .checkpoints(checkpoints)
                .listener(end)
                .build()) {
      running.set(trainer);
      trainer.fit(EmojiDataset.testSetA(EmojiData.load(), 4 * images));
      encoder.save(saved);
    }
  }

  private NDArray pixels(int size, NDManager manager) throws IOException {
    return ImageArrays.pixels(EmojiDataset.testSetA(EmojiData.load(), images), size, manager);
  }

  private static double apart(NDArray one, NDArray other) {
    float[] a = one.toFloatArray();
    float[] b = other.toFloatArray();
    double largest = 0;
    for (int i = 0; i < a.length; i++) {
      largest = Math.max(largest, Math.abs(a[i] - b[i]));
    }
    return largest;
  }
}
