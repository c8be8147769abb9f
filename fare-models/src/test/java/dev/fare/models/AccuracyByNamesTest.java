package dev.fare.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.Attack;
import dev.fare.AttackResult;
import dev.fare.Objective;
import dev.fare.data.ImageDataset;
import dev.fare.training.validation.Validation;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A validation by class names counts what the classifier of these names answers. */
class AccuracyByNamesTest {

  private static final int IMAGES = 12;
  private static final List<String> NAMES = List.of("cat", "dog", "remote control");
  private static final List<String> TEMPLATES = List.of("this is a photo of a {}", "a {}");

  @TempDir private Path directory;

  private Path clip() throws Exception {
    Path from = RecordedTensors.path("hf_clip_quick_gelu");
    for (String file : List.of("config.json", "model.safetensors")) {
      Files.copy(from.resolve(file), directory.resolve(file));
    }
    TinyTokenizer.write(directory, 97, 98);
    return directory;
  }

  @Test
  void agreesWithTheClassifierOfTheSameNames() throws Exception {
    try (RobustClipEncoder encoder = RobustClipEncoder.load(clip());
        NDManager manager = NDManager.newBaseManager("PyTorch")) {
      Noise images = new Noise();
      long[] answers;
      Validation validation;
      try (ClipModel clip = ClipModel.load(RobustClipEncoder.builder(directory));
          ZeroShotClassifier classifier = clip.zeroShotClassifier(NAMES, TEMPLATES)) {
        answers = classifier.logits(images.pixels(manager, encoder)).argMax(1).toLongArray();
        images.labels = answers.clone();
        images.labels[3] = (answers[3] + 1) % 3;
        validation = clip.accuracy(images, NAMES, TEMPLATES, new Nothing());
        assertThatThrownBy(() -> clip.accuracy(images, List.of("cat", "cat"), new Nothing()))
            .hasMessageStartingWith("class names must be distinct");
      } // closed: the classes are the validation's own

      assertThat(validation.measure(encoder, encoder))
          .containsEntry("clean_accuracy", 11 / 12.0)
          .containsEntry("robust_accuracy", 11 / 12.0);
    }
  }

  /** Changes nothing. */
  private static final class Nothing implements Attack {
    @Override
    public AttackResult perturb(Objective objective, NDArray pixels) {
      NDArray outputs = objective.forward(pixels);
      return new AttackResult(
          pixels, pixels, objective.losses(outputs), objective.succeeded(outputs));
    }

    @Override
    public AttackResult perturb(Objective objective, NDArray pixels, NDArray start) {
      return perturb(objective, pixels);
    }
  }

  /** Seeded noise, each image of another strength. */
  private static final class Noise implements ImageDataset {
    private long[] labels = new long[IMAGES];

    NDArray pixels(NDManager manager, RobustClipEncoder encoder) {
      int side = encoder.imageSize();
      FloatBuffer all = FloatBuffer.allocate(IMAGES * 3 * side * side);
      for (int i = 0; i < IMAGES; i++) {
        read(i, side, all);
      }
      return manager.create(all.array(), new Shape(IMAGES, 3, side, side));
    }

    @Override
    public int size() {
      return IMAGES;
    }

    @Override
    public void read(int index, int imageSize, FloatBuffer target) {
      Random random = new Random(index);
      for (int i = 0; i < 3 * imageSize * imageSize; i++) {
        target.put(random.nextFloat() * (index + 1) / IMAGES);
      }
    }

    @Override
    public OptionalInt label(int index) {
      return OptionalInt.of((int) labels[index]);
    }

    @Override
    public String description() {
      return "noise";
    }
  }
}
